using System.Diagnostics;
using Seckill.InventoryService.Audit;

namespace Seckill.InventoryService.Rebuild;

/// <summary>
/// (12) Rebuilds an item in Redis from PostgreSQL after Redis lost data. First the item is stopped and reset to its whole allocation; then
/// each live order gets its hold back and takes its units. No total is computed and written: processes that place, settle or return an
/// order during the rebuild use the same scripts, and each order is held once.
/// </summary>
internal sealed partial class StockRebuild(
    NpgsqlDataSource database, AuditRows rows, StockLedger stock, StockPages pages, StockRepair repair, OrderRestorer orders,
    SaleCatalog catalog, QueueDrain queue, RebuildJobs jobs, IOptions<RebuildOptions> options, ILogger<StockRebuild> logger)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Called before each step: where a test stops the process, or kills it.</summary>
    internal Func<RebuildStep, Task> Before { get; init; } = step =>
    {
        FailPoint.Reach($"12-{step}");
        return Task.CompletedTask;
    };

    /// <summary>Rebuilds one item.</summary>
    /// <param name="task">Of the job that asks for it; null for none.</param>
    public async Task<RebuildOutcome> RebuildAsync(AuditedItem item, RebuildTask? task, CancellationToken cancellationToken)
    {
        await using var alone = await ItemLock.TryTakeAsync(database, item.Key, cancellationToken);
        if (alone is null || (task is not null && !await jobs.BeginAsync(task, cancellationToken)))
        {
            return RebuildOutcome.Running;
        }

        // A process that froze for a minute and lost its lock also lost its token: its later steps do nothing.
        var token = Guid.NewGuid().ToString("N");
        await Before(RebuildStep.Fence);
        if (await repair.FenceAsync(item.Keys, item.Plan, token) == FenceOutcome.Superseded)
        {
            return RebuildOutcome.LostAgain;
        }

        await Before(RebuildStep.Mark);
        var lostAt = await MarkLostAsync(item.Key, cancellationToken);
        LogBegun(item.Key.ToString());
        await catalog.AddNumberAsync(item.Number, item.Key);
        if (await catalog.FindSaleAsync(item.SaleId) is null)
        {
            var skus = (await rows.ItemsAsync(item.SaleId, cancellationToken)).Select(row => row.SkuId);
            await catalog.AddSaleAsync(new OpenedSale(item.SaleId, item.Name, [.. skus], item.Room != 0));
        }

        await Before(RebuildStep.Drain);
        await PrepareDrainAsync(item, cancellationToken);
        await DrainAsync(item, task?.Attempt ?? token, cancellationToken);

        await Before(RebuildStep.Reset);
        if (await ResetAsync(item, token, cancellationToken) is var reset and not ResetOutcome.Done)
        {
            return reset == ResetOutcome.NotDrained ? RebuildOutcome.NotDrained : RebuildOutcome.LostAgain;
        }

        await orders.RestoreAsync(item, token, task, Before, cancellationToken);
        await Before(RebuildStep.Epoch);
        if (await NextEpochAsync(item.Key, lostAt, cancellationToken) is not var (epoch, state, version))
        {
            return RebuildOutcome.LostAgain;
        }

        await Before(RebuildStep.Reopen);
        if (!await repair.ReopenAsync(item.Keys, token, epoch, ItemStates.Parse(state), version))
        {
            return RebuildOutcome.LostAgain;
        }

        LogDone(item.Key.ToString(), epoch);
        return RebuildOutcome.Done;
    }

    // Orders that survived in Redis, left the outbox and have no row: they were accepted, so they are published again. Orders that have
    // their row need no worker, although an older copy has them in the outbox.
    private async Task PrepareDrainAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        await foreach (var page in pages.HoldsAsync(item.Keys, options.Value.MaxBatch).WithCancellation(cancellationToken))
        {
            var waiting = page.Where(hold => hold.InOutbox).Select(hold => hold.OrderId).ToHashSet();
            var fates = (await rows.FatesAsync(page.Select(hold => hold.OrderId), cancellationToken))
                .ToLookup(fate => (IsWaiting: waiting.Contains(fate.OrderId), IsKept: fate.Status is not null || fate.IsQuarantined));
            string[] lost = [.. fates[(false, false)].Select(fate => fate.OrderId)];
            string[] placed = [.. fates[(true, true)].Select(fate => fate.OrderId)];
            await (lost.Length > 0 ? repair.RequeueAsync(item.Keys, lost) : Task.CompletedTask);
            await (placed.Length > 0 ? stock.SettleAsync(item.Keys, placed) : Task.CompletedTask);
        }
    }

    // Orders that Redis has lost may be in the queue; an order that arrives later gets its hold from its worker, or is rejected. Orders
    // that Redis has are in the outbox of the item, and the reset itself checks that it is empty.
    private async Task DrainAsync(AuditedItem item, string attempt, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var now = await stock.InspectAsync(item.Keys);
        await queue.WaitAsync(attempt, now?.Now ?? default, cancellationToken);
        while (now?.OutboxDepth > 0 && Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds < options.Value.DrainMilliseconds)
        {
            await Task.Delay(s_pause, cancellationToken);
            now = await stock.InspectAsync(item.Keys);
        }
    }

    // The row is locked, so no units are added between its reading and the reset. Changes in progress are waited for, and interrupted
    // ones are left out, because they are finished later.
    private async Task<ResetOutcome> ResetAsync(AuditedItem item, string token, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            select from stock_changes where (sale_id, sku_id) = (@SaleId, @SkuId) and done_at is null order by idempotency_key
            for update
            """,
            new { item.SaleId, item.SkuId },
            cancellationToken: cancellationToken));
        var allocated = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "select allocated from sale_items where (sale_id, sku_id) = (@SaleId, @SkuId) for update",
            new { item.SaleId, item.SkuId },
            cancellationToken: cancellationToken));
        // Read under that lock: the allocation includes changes that started since the first statement.
        var underWay = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            """
            select coalesce(sum(delta), 0)::int from stock_changes
            where (sale_id, sku_id) = (@SaleId, @SkuId) and done_at is null and delta > 0
            """,
            new { item.SaleId, item.SkuId },
            cancellationToken: cancellationToken));
        return await repair.ResetAsync(item.Keys, item.Plan with { Allocated = allocated - underWay }, token);
    }

    private async Task<DateTime> MarkLostAsync(ItemKey item, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<DateTime>(new CommandDefinition(
            """
            update sale_items set lost_at = clock_timestamp() where sale_id = @SaleId and sku_id = @SkuId
            returning lost_at
            """,
            new { item.SaleId, item.SkuId },
            cancellationToken: cancellationToken));
    }

    // PostgreSQL before Redis: after a kill in between, the item is older than its last rebuild and stays stopped.
    private async Task<(int Epoch, string State, long Version)?> NextEpochAsync(
        ItemKey item, DateTime lostAt, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<(int, string, long)?>(new CommandDefinition(
            """
            update sale_items i
            set epoch = epoch + 1, lost_at = null
            from sales s
            where i.sale_id = @SaleId and i.sku_id = @SkuId and lost_at = @lostAt and s.sale_id = i.sale_id
            returning epoch, case when state = 'closed' then 'closed' else 'open' end, state_version
            """,
            new { item.SaleId, item.SkuId, lostAt },
            cancellationToken: cancellationToken));
    }

    [LoggerMessage(460, LogLevel.Warning, "Rebuilding {Item}.")]
    private partial void LogBegun(string item);
    [LoggerMessage(461, LogLevel.Warning, "Rebuilt {Item}: epoch {Epoch}.")]
    private partial void LogDone(string item, int epoch);
}
