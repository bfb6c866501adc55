namespace Seckill.LoadTests.Books;

/// <summary>One row of <c>orders</c>, as PostgreSQL has it.</summary>
public sealed record OrderRow(string OrderId, long SkuId, long UserId, int Quantity, string Status, long UnitPrice, string Currency)
{
    /// <summary>True while the order occupies its units: placed or paid.</summary>
    public bool IsLive => Status is "placed" or "paid";

    /// <summary>Units that the order takes from the allocation.</summary>
    public long LiveUnits => IsLive ? Quantity : 0;
}
