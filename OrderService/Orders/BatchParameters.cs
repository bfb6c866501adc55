namespace Seckill.OrderService.Orders;

/// <summary>A batch as the parameters of a statement: one array for each column of its orders.</summary>
internal sealed class BatchParameters(OrdersReserved batch)
{
    public long SaleId { get; } = batch.SaleId;
    public long SkuId { get; } = batch.SkuId;
    public long UnitPrice { get; } = batch.UnitPrice;
    public string Currency { get; } = batch.Currency;
    public string[] OrderIds { get; } = [.. batch.Orders.Select(order => order.OrderId)];
    public long[] UserIds { get; } = [.. batch.Orders.Select(order => order.UserId)];
    public int[] Quantities { get; } = [.. batch.Orders.Select(order => order.Quantity)];
    public DateTime[] ReservedAt { get; } = [.. batch.Orders.Select(order => order.ReservedAt.UtcDateTime)];

    /// <summary>Null when no order has one.</summary>
    public string?[]? IdempotencyKeys { get; } = batch.IdempotencyKeys?.ToArray();

    /// <summary>The changes of stock that made the orders, as far as they are known: of each one order.</summary>
    private ReservedOrder[] Writes { get; } =
        [.. batch.Orders.Where(order => order.Version.Seq > 0).DistinctBy(order => order.Version)];

    public int[] Epochs => Array.ConvertAll(Writes, order => order.Version.Epoch);
    public long[] Seqs => Array.ConvertAll(Writes, order => order.Version.Seq);
    public DateTime[] Times => Array.ConvertAll(Writes, order => order.ReservedAt.UtcDateTime);

    /// <summary>That the item must have, or null.</summary>
    public int? Epoch { get; init; }

    /// <summary>Why the orders are quarantined.</summary>
    public string? Error { get; init; }
}
