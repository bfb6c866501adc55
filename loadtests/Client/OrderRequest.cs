using System.Globalization;
using System.Text;

namespace Seckill.LoadTests.Client;

/// <summary>What is asked for, with the body already serialized: the buyers of a rush share a handful of bodies.</summary>
public sealed class OrderRequest
{
    /// <param name="saleId">The sale.</param>
    /// <param name="item">The item of that sale.</param>
    /// <param name="quantity">Units asked for, at least 1.</param>
    public OrderRequest(long saleId, SaleItem item, int quantity)
    {
        SaleId = saleId;
        Item = item;
        Quantity = quantity;
        Body = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"saleId":{{saleId}},"skuId":{{item.SkuId}},"quantity":{{quantity}}}"""));
    }

    /// <summary>The sale.</summary>
    public long SaleId { get; }

    /// <summary>The item asked for.</summary>
    public SaleItem Item { get; }

    /// <summary>Units asked for.</summary>
    public int Quantity { get; }

    /// <summary>The JSON body.</summary>
    public byte[] Body { get; }
}
