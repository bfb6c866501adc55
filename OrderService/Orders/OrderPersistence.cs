using System.Diagnostics;
using Seckill.OrderService.LegacyOrders.Outbox;

namespace Seckill.OrderService.Orders;

/// <summary>
/// (6)(7) Persists a batch, then takes it from the outbox. In this order: killed in between, the batch comes again and changes
/// nothing. An order without a hold was reserved in a Redis that has lost data since: if the ledger has room for it, its hold is
/// restored here, else it is rejected. A batch with the number of another one stops the item. Orders that cannot be persisted are
/// halved out of their batch and quarantined.
/// </summary>
internal sealed partial class OrderPersistence(
    OrderPlacement placement, OrderQuarantine quarantine, NpgsqlDataSource database, StockLedger stock, HoldRestorer holds,
    SaleActivity activity, StoreClocks clocks, ILogger<OrderPersistence> logger)
{
    /// <param name="traced">The sampled orders among them.</param>
    public async Task PersistAsync(OrdersReserved batch, IReadOnlyList<TracedOrder> traced, CancellationToken cancellationToken)
    {
        var item = new ItemKeys(new ItemKey(batch.SaleId, batch.SkuId));
        using var trace = BatchTrace.Start("persist", ActivityKind.Consumer, item.Item.ToString(), batch.Orders.Count, traced);
        await LegacyTraces.RememberAsync(database, traced, cancellationToken);
        FailPoint.Reach("6-not-persisted");
        await PlaceOrQuarantineAsync(batch, cancellationToken);
        FailPoint.Reach("6-persisted");
        activity.Notice();
        PersistenceMetrics.Count(batch.Orders.Count, clocks.SinceRedisTime(batch.Orders.Min(order => order.ReservedAt)).TotalSeconds);
        var withoutHold = await stock.SettleAsync(item, batch.Orders.Select(order => order.OrderId));
        FailPoint.Reach("7-settled");
        if (withoutHold.Count > 0)
        {
            await holds.RestoreAsync(item, withoutHold, cancellationToken);
        }
    }

    private async Task PlaceOrQuarantineAsync(OrdersReserved batch, CancellationToken cancellationToken)
    {
        try
        {
            if (await placement.PlaceAsync(batch, cancellationToken) is { } epoch)
            {
                await StopAsync(new ItemKeys(new ItemKey(batch.SaleId, batch.SkuId)), epoch);
            }
        }
        catch (Exception exception) when (IsPoison(exception))
        {
            if (batch.Orders.Count == 1)
            {
                var reason = PostgresErrors.ReasonOf(exception);
                await quarantine.AddAsync(batch, reason, cancellationToken);
                PersistenceMetrics.Quarantined.Add(1);
                LogQuarantined(batch.Orders[0].OrderId, reason);
                return;
            }

            var half = batch.Orders.Count / 2;
            await PlaceOrQuarantineAsync(batch with { Orders = [.. batch.Orders.Take(half)] }, cancellationToken);
            await PlaceOrQuarantineAsync(batch with { Orders = [.. batch.Orders.Skip(half)] }, cancellationToken);
        }
    }

    // After a kill in between, the loss watch stops the item: PostgreSQL remembers.
    private async Task StopAsync(ItemKeys item, int epoch)
    {
        LogLost(item.Item.ToString());
        if (await stock.FenceAsync(item, epoch) == FenceOutcome.Stopped)
        {
            StockLosses.Count();
        }
    }

    // A database that is down, full or read-only says nothing about the order, which must then not end in quarantine.
    private static bool IsPoison(Exception exception) => exception is UnknownSaleItemException || PostgresErrors.IsFaultOfData(exception);

    [LoggerMessage(300, LogLevel.Error, "Order {OrderId} cannot be persisted and is quarantined: {Reason}")]
    private partial void LogQuarantined(string orderId, string reason);
    [LoggerMessage(305, LogLevel.Critical, "Redis has lost writes of {Item}: two batches have one number. It waits for its rebuild.")]
    private partial void LogLost(string item);
}
