namespace Seckill.Shared.Stock;

/// <summary>A SKU in a sale. Both ids are positive 64-bit integers.</summary>
public readonly record struct ItemKey(long SaleId, long SkuId)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{SaleId}:{SkuId}");

    /// <summary>Reads what <see cref="ToString"/> wrote; false for anything else.</summary>
    public static bool TryParse(string? text, out ItemKey key)
    {
        key = default;
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (colon < 0
            || !long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var saleId)
            || !long.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var skuId))
        {
            return false;
        }

        key = new ItemKey(saleId, skuId);
        return true;
    }
}
