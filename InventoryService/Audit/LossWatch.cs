using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Notices that Redis has lost data, and stops what it can no longer count: an item that is gone, one that is older than its
/// last rebuild, and all of them when the mark of the whole store went back. PostgreSQL remembers it until the rebuild.
/// </summary>
internal sealed partial class LossWatch(
    NpgsqlDataSource database, AuditRows rows, StockLedger stock, StockRepair repair, RedisMark mark, IOptions<AuditorOptions> options,
    TimeProvider clock, ILogger<LossWatch> logger) : BackgroundService
{
    private const int Together = 64;

    /// <summary>Looks once at everything.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        await CompareMarkAsync(cancellationToken);
        foreach (var some in (await rows.ItemsAsync(null, cancellationToken)).Chunk(Together))
        {
            var snapshots = await Task.WhenAll(some.Select(item => stock.InspectAsync(item.Keys)));
            foreach (var item in some.Where((item, i) => NeedsFence(item, snapshots[i])))
            {
                await ConfirmAsync(item.Key, cancellationToken);
            }

            foreach (var item in some.Where((item, i) => snapshots[i] is { } now && IsBehind(item, now)))
            {
                await ApplyStateAsync(item);
            }
        }
    }

    /// <summary>Records that an item needs a rebuild, and stops it. Not while somebody rebuilds or repairs it.</summary>
    /// <param name="item">Which.</param>
    /// <param name="isLost">Looks again, now that nobody else acts on it.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task DeclareLostAsync(ItemKey item, Func<AuditedItem, Task<bool>> isLost, CancellationToken cancellationToken)
    {
        await using var alone = await ItemLock.TryTakeAsync(database, item, cancellationToken);
        if (alone is null
            || (await rows.ItemsAsync(item.SaleId, cancellationToken)).FirstOrDefault(row => row.Key == item) is not { } current
            || !await isLost(current))
        {
            return;
        }

        // Redis first: every moment counts. Killed in between, the next look finds an item that is stopped, and records it.
        if (await repair.FenceAsync(current.Keys, current.Plan))
        {
            LogLost(item.ToString());
        }

        await ExecuteAsync(
            "update sale_items set lost_at = coalesce(lost_at, clock_timestamp()) where sale_id = @SaleId and sku_id = @SkuId",
            new { item.SaleId, item.SkuId },
            cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.Value.LossIntervalMilliseconds), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await WatchAsync(stoppingToken);
                }
#pragma warning disable CA1031 // Whatever it was, the next round tries again; the service never stops for it.
                catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    LogFailed(exception.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; what is recorded stays recorded.
        }
    }

    private static bool NeedsFence(AuditedItem item, ItemSnapshot? redis) =>
        redis is null
        || (redis.State == "lost") != (item.lost_at is not null)
        || (redis.State != "lost" && redis.Epoch < item.epoch);

    private static bool IsBehind(AuditedItem item, ItemSnapshot redis) =>
        redis.StateVersion < item.state_version
        || (redis.StateVersion == item.state_version && redis.State != "lost" && redis.State != item.state && item.state != "created");

    // An operator's call that died between the two stores, or whose answer from Redis got lost.
    private async Task ApplyStateAsync(AuditedItem item)
    {
        if (item.state == "closed" ? await stock.CloseAsync(item.Keys, item.state_version) == CloseOutcome.Closed
            : await stock.WarmAsync(item.Keys, item.Plan) == WarmOutcome.Existed)
        {
            LogApplied(item.Key.ToString(), item.state);
        }
    }

    private Task ConfirmAsync(ItemKey item, CancellationToken cancellationToken) =>
        DeclareLostAsync(
            item, async current => NeedsFence(current, await stock.InspectAsync(current.Keys)), cancellationToken);

    // PostgreSQL's value is read first: Redis had it by then. While Redis has less nothing grows, so a kill in between forgets nothing.
    private async Task CompareMarkAsync(CancellationToken cancellationToken)
    {
        var known = await mark.StoreAsync();
        long atLeast;
        await using (var connection = await database.OpenConnectionAsync(cancellationToken))
        {
            atLeast = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
                "select coalesce(max(mark), 0) from redis_marks where store = @known", new { known },
                cancellationToken: cancellationToken));
        }

        var (store, value, lostWrites) = await mark.AdvanceAsync(known, atLeast);
        if (!lostWrites)
        {
            await ExecuteAsync(
                """
                insert into redis_marks as m (store, mark) values (@store, @value)
                on conflict (store) do update set mark = greatest(m.mark, excluded.mark), seen_at = now()
                """,
                new { store, value },
                cancellationToken);
            return;
        }

        // Also over a rebuild that is under way: it may have lost what it had written.
        LogWentBack(value, atLeast);
        await ExecuteAsync(
            """
            with forgotten as (update redis_marks set mark = @value where store = @store and mark > @value returning 1)
            update sale_items set lost_at = clock_timestamp() where warmed_at is not null and exists (select from forgotten)
            """,
            new { store, value },
            cancellationToken);
    }

    private async Task ExecuteAsync(string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken));
    }

    [LoggerMessage(430, LogLevel.Critical, "Redis has lost data of {Item}. It sells nothing until it is rebuilt.")]
    private partial void LogLost(string item);

    [LoggerMessage(431, LogLevel.Critical, "Redis has lost writes that it had confirmed: its mark is {Value}, and was {Known}.")]
    private partial void LogWentBack(long value, long known);

    [LoggerMessage(433, LogLevel.Warning, "{Item} is {State} in PostgreSQL and was not in Redis; Redis has the state now.")]
    private partial void LogApplied(string item, string state);

    [LoggerMessage(432, LogLevel.Warning, "Whether Redis has lost data could not be told; the next round looks again: {Reason}")]
    private partial void LogFailed(string reason);
}
