namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Notices that Redis has lost data, and stops the items whose stock is no longer known: an item that is missing, one that is older
/// than its last rebuild, and one whose stock is older than PostgreSQL knows. The mark of the whole store tells of items whose changes were
/// not counted, and items at rest wake when the store is another one. Also stops an item whose price, limit or window in Redis is not that
/// of the sale's row: another program has written to Redis. PostgreSQL remembers it until the rebuild.
/// </summary>
internal sealed partial class LossWatch(
    NpgsqlDataSource database, AuditRows rows, StockLedger stock, StockRepair repair, RedisMark mark, IOptions<AuditorOptions> options,
    TimeProvider clock, ILogger<LossWatch> logger) : PeriodicService(clock)
{
    private const int ItemsAtOnce = 64;

    /// <summary>Checks the mark of the store and all items once.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        await CompareMarkAsync(cancellationToken);
        foreach (var items in (await rows.ItemsAsync(null, cancellationToken)).Chunk(ItemsAtOnce))
        {
            var snapshots = await Task.WhenAll(items.Select(item => stock.InspectAsync(item.Keys)));
            foreach (var (item, redis) in items.Zip(snapshots).Where(one => WhyLost(one.First, one.Second) is not null))
            {
                if (redis is not null && !redis.HasTermsOf(item.Plan))
                {
                    LogTerms(item.Key.ToString(), redis.ToString(), item.Plan.ToString());
                }

                await ConfirmAsync(item.Key, cancellationToken);
            }

            foreach (var (item, redis) in items.Zip(snapshots))
            {
                if (redis is not null && IsBehind(item, redis))
                {
                    await ApplyStateAsync(item, redis);
                }
            }
        }
    }

    /// <summary>Records that an item needs a rebuild, and stops it. Does nothing while a rebuild or repair of the item runs.</summary>
    /// <param name="why">Checks again, under the lock of the item; answers what Redis has lost, for people, or null for nothing.</param>
    public async Task DeclareLostAsync(ItemKey item, Func<AuditedItem, Task<string?>> why, CancellationToken cancellationToken)
    {
        await using var alone = await ItemLock.TryTakeAsync(database, item, cancellationToken);
        if (alone is null
            || (await rows.ItemsAsync(item.SaleId, cancellationToken)).FirstOrDefault(row => row.Key == item) is not { } current
            || await why(current) is not { } reason)
        {
            return;
        }

        // Redis first, because each moment counts. After a kill in between, the next round finds a stopped item and records it.
        var fence = await repair.FenceAsync(current.Keys, current.Plan);
        if (fence == FenceOutcome.Stopped || current.LostAt is null)
        {
            LogLost(item.ToString(), reason);
        }

        if (fence == FenceOutcome.Stopped)
        {
            StockLosses.Count();
        }

        await database.ExecuteAsync(
            "update sale_items set lost_at = coalesce(lost_at, clock_timestamp()) where sale_id = @SaleId and sku_id = @SkuId",
            new { item.SaleId, item.SkuId },
            cancellationToken);
    }

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.LossIntervalMilliseconds);
    protected override Task RunRoundAsync(CancellationToken stoppingToken) => WatchAsync(stoppingToken);
    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    // Null when both stores agree on whether the item is stopped, and Redis has lost nothing of it.
    private static string? WhyLost(AuditedItem item, ItemSnapshot? redis) => redis switch
    {
        null => "it is not there",
        { State: ItemState.Lost } => item.LostAt is null ? "it is stopped there, and PostgreSQL did not know" : null,
        _ when item.LostAt is { } lostAt => $"PostgreSQL knows that it is lost since {lostAt:O}",
        _ when redis.Epoch < item.Epoch => $"its epoch is {redis.Epoch}, and was {item.Epoch}",
        _ when redis.Epoch == item.Epoch && redis.Seq < item.Seq => $"its last change is number {redis.Seq}, and {item.Seq} was known",
        // With an older state Redis has not received an edit yet, and gets it below.
        _ when redis.StateVersion >= item.StateVersion && !redis.HasTermsOf(item.Plan) => "its terms are not those of its sale",
        _ => null,
    };

    private static bool IsBehind(AuditedItem item, ItemSnapshot redis) =>
        redis.StateVersion < item.StateVersion
        || (redis.StateVersion == item.StateVersion && redis.State != ItemState.Lost && item.State != "created"
            && redis.State.Text() != item.State);

    // An operator's call died between the two stores, or Redis never received it.
    private async Task ApplyStateAsync(AuditedItem item, ItemSnapshot redis)
    {
        if (!redis.HasTermsOf(item.Plan)
            ? await stock.EditAsync(item.Keys, item.Plan, item.State == "closed" ? ItemState.Closed : ItemState.Open) == EditOutcome.Edited
            : item.State == "closed" ? await stock.CloseAsync(item.Keys, item.StateVersion) == CloseOutcome.Closed
            : await stock.WarmAsync(item.Keys, item.Plan, isNew: false) == WarmOutcome.Existed)
        {
            LogApplied(item.Key.ToString(), item.State);
        }
    }

    private Task ConfirmAsync(ItemKey item, CancellationToken cancellationToken) =>
        DeclareLostAsync(
            item, async current => WhyLost(current, await stock.InspectAsync(current.Keys)), cancellationToken);

    // PostgreSQL is read first: Redis had that value before. The mark does not grow while Redis has less, so a kill loses nothing.
    private async Task CompareMarkAsync(CancellationToken cancellationToken)
    {
        var known = await mark.StoreAsync();
        var atLeast = await database.SingleAsync<long>(
            "select coalesce(max(mark), 0) from redis_marks where store = @known", new { known }, cancellationToken);
        var (store, value, lostWrites) = await mark.AdvanceAsync(known, atLeast);
        if (!lostWrites)
        {
            await database.ExecuteAsync(
                """
                with seen as (
                  insert into redis_marks as m (store, mark) values (@store, @value)
                  on conflict (store) do update set mark = greatest(m.mark, excluded.mark), seen_at = now()
                  returning xmax = 0 as is_new
                )
                -- A new data set started empty, so no item is as it was.
                update sale_items set rested_at = null where rested_at is not null and (select is_new from seen)
                """,
                new { store, value },
                cancellationToken);
            return;
        }

        LogWentBack(value, atLeast);
        // Items whose changes are counted are found by their own numbers, and those that lost nothing go on. Not so in a rebuild, which
        // Redis may have forgotten in part, and where only an older version made changes.
        var uncounted = new List<ItemKey>();
        foreach (var items in (await rows.ItemsAsync(null, cancellationToken)).Chunk(ItemsAtOnce))
        {
            var snapshots = await Task.WhenAll(items.Select(item => stock.InspectAsync(item.Keys)));
            uncounted.AddRange(items.Where((item, i) => item.LostAt is not null || snapshots[i] is { Seq: 0 }).Select(item => item.Key));
        }

        await database.ExecuteAsync(
            """
            with forgotten as (update redis_marks set mark = @value where store = @store and mark > @value returning 1)
            update sale_items set lost_at = clock_timestamp()
            where (sale_id, sku_id) in (select * from unnest(@sales, @skus)) and exists (select from forgotten)
            """,
            new
            {
                store, value, sales = uncounted.ConvertAll(item => item.SaleId), skus = uncounted.ConvertAll(item => item.SkuId),
            },
            cancellationToken);
    }

    [LoggerMessage(430, LogLevel.Critical, "Redis has lost data of {Item}: {Reason}. The item sells nothing until it is rebuilt.")]
    private partial void LogLost(string item, string reason);
    [LoggerMessage(431, LogLevel.Critical, "Redis has lost confirmed writes: its mark is {Value} and was {Known}.")]
    private partial void LogWentBack(long value, long known);
    [LoggerMessage(433, LogLevel.Warning, "{Item} is {State} in PostgreSQL and was not in Redis; Redis has the state now.")]
    private partial void LogApplied(string item, string state);
    [LoggerMessage(434, LogLevel.Critical,
        "Price, limit, window or number of {Item} in Redis is not that of its sale. Find out who writes to Redis. {InRedis} {Planned}")]
    private partial void LogTerms(string item, string inRedis, string planned);
    [LoggerMessage(432, LogLevel.Warning, "Data-loss check failed; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
