using System.Diagnostics;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Rebuild;

/// <summary>What came of a rebuild.</summary>
internal enum RebuildOutcome
{
    /// <summary>The item sells again, or stays closed by hand, with the next epoch.</summary>
    Done,

    /// <summary>Somebody else rebuilds or repairs the item.</summary>
    Running,

    /// <summary>Accepted orders wait in the outbox for RabbitMQ, a worker or PostgreSQL. The item stays stopped; try again.</summary>
    NotDrained,

    /// <summary>Redis lost data again meanwhile, or another rebuild began. The item stays stopped; try again.</summary>
    LostAgain,
}

/// <summary>The steps of a rebuild. Killed before any of them, the item stays stopped; the next rebuild begins from the first.</summary>
public enum RebuildStep
{
    /// <summary>The item is stopped in Redis.</summary>
    Fence,

    /// <summary>PostgreSQL remembers that it is.</summary>
    Mark,

    /// <summary>Accepted orders come to PostgreSQL.</summary>
    Drain,

    /// <summary>The item has its whole allocation and no holds.</summary>
    Reset,

    /// <summary>Live orders get their holds back.</summary>
    Restore,

    /// <summary>Some have theirs, and the others get them. Repeated for each batch after the first.</summary>
    RestoreRest,

    /// <summary>PostgreSQL counts the next epoch: whatever Redis had before is void.</summary>
    Epoch,

    /// <summary>The item sells again.</summary>
    Reopen,
}

/// <summary>
/// (12) Makes an item in Redis anew from PostgreSQL, after Redis lost data. First the item is stopped and set back to its whole
/// allocation; then each live order gets its hold back and takes its units. Nothing is counted and written over: whoever places,
/// settles or returns an order meanwhile does so by the same scripts, and each order is held once.
/// </summary>
internal sealed partial class StockRebuild(
    NpgsqlDataSource database, AuditRows rows, StockLedger stock, StockPages pages, StockRepair repair, HoldRestorer holds,
    SaleCatalog catalog, OrderQueue queue, IOptions<RebuildOptions> options, ILogger<StockRebuild> logger)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Called before each step: where a test stops the process, or kills it.</summary>
    internal Func<RebuildStep, Task> Before { get; init; } = step =>
    {
        FailPoint.Reach($"12-{step}");
        return Task.CompletedTask;
    };

    /// <summary>Rebuilds one item.</summary>
    public async Task<RebuildOutcome> RebuildAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        await using var alone = await ItemLock.TryTakeAsync(database, item.Key, cancellationToken);
        if (alone is null)
        {
            return RebuildOutcome.Running;
        }

        // A process that was frozen for a minute and lost its lock also lost its token: its later steps do nothing.
        var token = Guid.NewGuid().ToString("N");
        await Before(RebuildStep.Fence);
        await repair.FenceAsync(item.Keys, item.Plan, token);
        await Before(RebuildStep.Mark);
        var lostAt = await MarkLostAsync(item.Key, cancellationToken);
        LogBegun(item.Key.ToString());
        await catalog.AddNumberAsync(item.Number, item.Key);
        var skus = (await rows.ItemsAsync(item.sale_id, cancellationToken)).Select(row => row.sku_id);
        await catalog.AddSaleAsync(new OpenedSale(item.sale_id, item.name, [.. skus]));

        await Before(RebuildStep.Drain);
        await RequeueLostOrdersAsync(item, cancellationToken);
        await DrainAsync(item, cancellationToken);

        await Before(RebuildStep.Reset);
        if (await ResetAsync(item, token, cancellationToken) is var reset and not ResetOutcome.Done)
        {
            return reset == ResetOutcome.NotDrained ? RebuildOutcome.NotDrained : RebuildOutcome.LostAgain;
        }

        var restored = await RestoreAsync(item, cancellationToken);
        await Before(RebuildStep.Epoch);
        if (await NextEpochAsync(item.Key, lostAt, cancellationToken) is not var (epoch, state, version))
        {
            return RebuildOutcome.LostAgain;
        }

        await Before(RebuildStep.Reopen);
        if (!await repair.ReopenAsync(item.Keys, token, epoch, state, version))
        {
            return RebuildOutcome.LostAgain;
        }

        LogDone(item.Key.ToString(), epoch, restored);
        return RebuildOutcome.Done;
    }

    // What survived in Redis, left the outbox and has no row: accepted, so it goes the whole way again.
    private async Task RequeueLostOrdersAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        await foreach (var page in pages.HoldsAsync(item.Keys, options.Value.MaxBatch).WithCancellation(cancellationToken))
        {
            var fates = await rows.FatesAsync(page.Where(hold => !hold.InOutbox).Select(hold => hold.OrderId), cancellationToken);
            string[] lost = [.. fates.Where(fate => fate.Status is null && !fate.IsQuarantined).Select(fate => fate.OrderId)];
            if (lost.Length > 0)
            {
                await repair.RequeueAsync(item.Keys, lost);
            }
        }
    }

    // Of the outbox the reset makes sure itself. The queue may hold messages of other items without end, so it is only waited for;
    // an order that comes later gets its hold from its worker, or is rejected.
    private async Task DrainAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var patience = TimeSpan.FromMilliseconds(options.Value.DrainMilliseconds);
        while (Stopwatch.GetElapsedTime(startedAt) < patience
            && ((await stock.InspectAsync(item.Keys))?.OutboxDepth > 0 || await queue.WaitingAsync() is null or > 0))
        {
            await Task.Delay(s_pause, cancellationToken);
        }
    }

    // The row is locked, so no units are added between its reading and the reset; changes that began earlier are waited for, and
    // those that are half made are left out, because they are made again.
    private async Task<ResetOutcome> ResetAsync(AuditedItem item, string token, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            select from stock_changes where (sale_id, sku_id) = (@sale_id, @sku_id) and done_at is null order by idempotency_key
            for update
            """,
            item,
            cancellationToken: cancellationToken));
        var allocated = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "select allocated from sale_items where (sale_id, sku_id) = (@sale_id, @sku_id) for update",
            item,
            cancellationToken: cancellationToken));
        // Read under that lock: what began since the first look is in the allocation, too.
        var underWay = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            """
            select coalesce(sum(delta), 0)::int from stock_changes
            where (sale_id, sku_id) = (@sale_id, @sku_id) and done_at is null and delta > 0
            """,
            new { item.sale_id, item.sku_id },
            cancellationToken: cancellationToken));
        return await repair.ResetAsync(item.Keys, item.Plan with { Allocated = allocated - underWay }, token);
    }

    private async Task<int> RestoreAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        var (restored, last, size) = (0, "", options.Value.MaxBatch);
        IReadOnlyList<string> live;
        do
        {
            await Before(last.Length == 0 ? RebuildStep.Restore : RebuildStep.RestoreRest);
            live = await rows.LiveAsync(item, last, size, TimeSpan.Zero, cancellationToken);
            restored += live.Count > 0 ? await holds.RestoreAsync(item.Keys, live, cancellationToken) : 0;
            last = live.Count > 0 ? live[^1] : last;
        }
        while (live.Count == size);

        // In quarantine they are accepted, too, and may be replayed.
        var deadline = await repair.DeadlineAsync();
        var quarantined = await rows.QuarantinedAsync(item.Key, cancellationToken);
        return restored + (quarantined.Count > 0 ? Math.Max(await repair.RestoreAsync(item.Keys, quarantined, deadline), 0) : 0);
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

    // PostgreSQL before Redis: killed in between, the item is older than its last rebuild, and stays stopped.
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

    [LoggerMessage(460, LogLevel.Warning, "The rebuild of {Item} has begun.")]
    private partial void LogBegun(string item);

    [LoggerMessage(461, LogLevel.Warning, "{Item} is rebuilt and has epoch {Epoch}; {Orders} orders got their holds back.")]
    private partial void LogDone(string item, int epoch, int orders);
}
