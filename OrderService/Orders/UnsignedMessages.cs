using StackExchange.Redis;

namespace Seckill.OrderService.Orders;

/// <summary>
/// A message without a valid signature comes from a process of an older version, or from any client that can write to the queue. Its orders
/// are believed when Redis holds the same units for the same buyer, or PostgreSQL has their rows. The others are quarantined: an operator
/// decides. docs/decisions/0043 has the reasons.
/// </summary>
internal sealed partial class UnsignedMessages(
    StockLedger stock, NpgsqlDataSource database, OrderQuarantine quarantine, ILogger<UnsignedMessages> logger)
{
    private const string Reason = "The message has no valid signature, and Redis has no such hold.";

    /// <returns>The orders that are known; may be none.</returns>
    public async Task<OrdersReserved> KeepKnownAsync(OrdersReserved batch, CancellationToken cancellationToken)
    {
        var holds = await stock.FindHoldsAsync(
            new ItemKeys(new ItemKey(batch.SaleId, batch.SkuId)), [.. batch.Orders.Select(order => (RedisValue)order.OrderId)]);
        var unknown = batch.Orders.Where((order, i) =>
            holds[i] is not { } hold || (hold.UserId, hold.Units) != (order.UserId, order.Quantity)).ToList();
        var placed = unknown.Count == 0 ? [] : (await database.QueryAsync<string>(
            "select order_id from orders where order_id = any(@ids)",
            new { ids = unknown.Select(order => order.OrderId).ToArray() }, cancellationToken)).ToHashSet();
        unknown.RemoveAll(order => placed.Contains(order.OrderId));
        if (unknown.Count > 0)
        {
            await quarantine.AddAsync(batch with { Orders = unknown }, Reason, cancellationToken);
            PersistenceMetrics.Quarantined.Add(unknown.Count);
            LogQuarantined(unknown.Count, batch.SaleId, batch.SkuId, unknown[0].OrderId);
        }

        // Its numbers prove nothing: an item would be stopped for losses that it did not have.
        return batch with { Orders = [.. batch.Orders.Except(unknown).Select(order => order with { Version = default })] };
    }

    [LoggerMessage(306, LogLevel.Error,
        "{Count} orders of item {SkuId} of sale {SaleId} came in a message without a valid signature, are not held in Redis, and are "
        + "quarantined; the first is {OrderId}.")]
    private partial void LogQuarantined(int count, long saleId, long skuId, string orderId);
}
