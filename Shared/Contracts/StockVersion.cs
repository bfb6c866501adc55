namespace Seckill.Shared.Contracts;

/// <summary>
/// Which change of an item's stock in Redis something comes from. A version that is lower than one seen before, or a second change with
/// the same version, proves that Redis has lost writes of the item.
/// </summary>
/// <param name="Epoch">Number of rebuilds so far, plus one.</param>
/// <param name="Seq">Counts the changes. 0: not known, from an older version of the code.</param>
public readonly record struct StockVersion(int Epoch, long Seq)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch}.{Seq}");

    /// <summary>A rebuild makes newer stock than any change before it.</summary>
    public bool IsNewerThan(StockVersion other) => (Epoch, Seq).CompareTo((other.Epoch, other.Seq)) > 0;
}
