using System.Diagnostics;
using Seckill.InventoryService.Audit;

namespace Seckill.InventoryService.Rebuild;

/// <summary>
/// (12) Gives the orders of an item back what Redis lost of them: the idempotency keys, the turns that they used in a waiting room, the
/// holds of live orders, and the count of those that their buyers gave back.
/// </summary>
internal sealed class OrderRestorer(
    NpgsqlDataSource database, AuditRows rows, StockRepair repair, HoldRestorer holds, RebuildJobs jobs, IOptions<RebuildOptions> options)
{
    private static readonly TimeSpan s_reportInterval = TimeSpan.FromSeconds(1);

    /// <summary>Restores all orders of the item, batch by batch in the order of their ids.</summary>
    /// <param name="item">The item, which was reset.</param>
    /// <param name="token">Token of the rebuild.</param>
    /// <param name="task">Where progress is reported; null for nowhere.</param>
    /// <param name="before">Called before each batch.</param>
    public async Task RestoreAsync(
        AuditedItem item, string token, RebuildTask? task, Func<RebuildStep, Task> before, CancellationToken cancellationToken)
    {
        await (task is null ? Task.CompletedTask : jobs.BeginRestoreAsync(task, cancellationToken));
        var (restored, last, reportedAt) = (0, item.Number, Stopwatch.GetTimestamp());
        List<Order> batch;
        do
        {
            await before(last == item.Number ? RebuildStep.Restore : RebuildStep.RestoreRest);
            batch = await ReadAsync(item, last, cancellationToken);
            if (batch.Count > 0)
            {
                List<string> ids = [.. batch.Where(order => order.IsInRedis).Select(order => order.OrderId)];
                await holds.RestoreAsync(item.Keys, ids, cancellationToken);
                // After the holds: an order that was closed before it got its hold is returned without being counted.
                await repair.RestoreReturnsAsync(item.Keys, token, await ReadClosedAsync(ids, cancellationToken));
                (restored, last) = (restored + batch.Sum(order => order.LiveUnits), batch[^1].OrderId);
            }

            if (task is not null && Stopwatch.GetElapsedTime(reportedAt) > s_reportInterval)
            {
                reportedAt = Stopwatch.GetTimestamp();
                await jobs.ReportAsync(task, restored, cancellationToken);
            }
        }
        while (batch.Count == options.Value.MaxBatch);

        // Orders in quarantine are accepted as well, and may be replayed.
        var deadline = await repair.DeadlineAsync(item.Keys);
        var quarantined = await rows.QuarantinedAsync(item.Key, cancellationToken);
        if (quarantined.Count > 0)
        {
            await repair.RestoreKeysAsync(item.Keys, quarantined);
            await repair.RestoreAsync(item.Keys, quarantined, deadline);
        }
    }

    // Redis has something of all orders but those that were rejected, and of these when they have a key or the sale has a waiting room.
    private Task<List<Order>> ReadAsync(AuditedItem item, string after, CancellationToken cancellationToken) =>
        database.QueryAsync<Order>(
            $"""
            select order_id, case when is_in_redis and status in ('placed', 'paid') then quantity else 0 end as live_units, is_in_redis
            from (
              select *, (sale_id, sku_id) = (@SaleId, @SkuId)
                and (status <> 'rejected' or idempotency_key is not null or @hasRoom) as is_in_redis
              from ({AuditedItem.PageOfOrders}) page) o
            order by order_id
            """,
            new
            {
                after, end = item.EndOfIds, item.SaleId, item.SkuId, maximum = options.Value.MaxBatch, hasRoom = item.Room != 0,
            },
            cancellationToken);

    private Task<List<ClosedOrder>> ReadClosedAsync(List<string> orderIds, CancellationToken cancellationToken) =>
        database.QueryAsync<ClosedOrder>(
            """
            select order_id, user_id, coalesce(closed_at, placed_at) as closed_at
            from orders
            where order_id = any(@orderIds) and status in ('cancelled', 'expired')
            """,
            new { orderIds }, cancellationToken);

    private sealed record Order(string OrderId, int LiveUnits, bool IsInRedis);
}
