namespace Seckill.LoadTests.Books;

/// <summary>One order as PostgreSQL has it, in <c>orders</c> or in <c>quarantined_orders</c>.</summary>
public sealed record OrderRow(string OrderId, long SkuId, long UserId, int Quantity, string Status, long UnitPrice, string Currency)
{
    /// <summary>The status of an order that has no row in <c>orders</c> and waits for an operator.</summary>
    public const string Quarantined = "quarantined";

    /// <summary>True when the order waits for an operator.</summary>
    public bool IsQuarantined => Status == Quarantined;

    /// <summary>True while the order is placed or paid.</summary>
    public bool IsLive => Status is "placed" or "paid";

    /// <summary>True while Redis must keep the units for this order: an order in quarantine keeps its units too.</summary>
    public bool HoldsUnits => IsLive || IsQuarantined;

    /// <summary>True when the order has given its units back.</summary>
    public bool IsClosed => Status is "cancelled" or "expired";

    /// <inheritdoc/>
    public override string ToString() => $"{OrderId}: user {UserId}, item {SkuId} × {Quantity} at {UnitPrice} {Currency}, {Status}";
}
