using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Ledger;

/// <summary>
/// Adds and withdraws stock in mid-sale. The two stores change in an order that never lets Redis sell more than the ledger in PostgreSQL
/// allows: units are added to the ledger first, and withdrawn from Redis first. The key makes each step repeatable, and
/// <see cref="FinishAsync"/> finishes a change that a crash interrupted.
/// </summary>
internal sealed class StockChanges(NpgsqlDataSource database, StockLedger stock)
{
    /// <summary>Called after Redis has made a change and before PostgreSQL has it: where a test stops the call, or kills it.</summary>
    internal Func<Task> BeforeCommit { get; init; } = () =>
    {
        FailPoint.Reach("stock-change-made");
        return Task.CompletedTask;
    };

    /// <summary>Makes the change, once for each key.</summary>
    /// <returns>The outcome, and the units that were changed, now or before.</returns>
    public async Task<(StockChangeOutcome Outcome, int Units)> ChangeAsync(StockChange change, CancellationToken cancellationToken)
    {
        if (await stock.InspectAsync(new ItemKeys(change.Item)) is null)
        {
            return await WasWarmAsync(change.Item, cancellationToken) switch
            {
                null => (StockChangeOutcome.UnknownItem, 0),
                false => (StockChangeOutcome.NeverOpened, 0),
                true => (StockChangeOutcome.StockLost, 0),
            };
        }

        var started = await StartAsync(change, cancellationToken);
        FailPoint.Reach("stock-change-started");
        return started switch
        {
            null => (change.Delta > 0 ? StockChangeOutcome.TooMany : StockChangeOutcome.NotEnough, 0),
            var known when (known.Delta, known.Partial) != (change.Delta, change.Partial) => (StockChangeOutcome.KeyReused, 0),
            { Done: true, Made: var made } => (StockChangeOutcome.Made, made),
            _ => await FinishAsync(change, cancellationToken),
        };
    }

    /// <summary>Unfinished changes that are older than <paramref name="age"/>, or from before the clock was set back.</summary>
    public async Task<IReadOnlyList<StockChange>> FindUnfinishedAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<UnfinishedChange>(new CommandDefinition(
            """
            select sale_id, sku_id, idempotency_key, delta, partial
            from stock_changes
            where done_at is null and started_at not between now() - @age and clock_timestamp()
            order by started_at
            """,
            new { age },
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => new StockChange(new ItemKey(row.SaleId, row.SkuId), row.IdempotencyKey, row.Delta, row.Partial))];
    }

    /// <summary>
    /// The second step of a change whose start is recorded. The row lock admits one caller at a time: otherwise one caller could be refused
    /// and delete the change while another makes it.
    /// </summary>
    /// <returns>As <see cref="ChangeAsync"/>.</returns>
    public async Task<(StockChangeOutcome Outcome, int Units)> FinishAsync(StockChange change, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<StartedChange>(new CommandDefinition(
            """
            select done_at is not null as done, coalesce(made, delta) as made,
              (extract(epoch from started_at) * 1000000)::bigint as started_at, i.epoch
            from stock_changes c
            join sale_items i on (i.sale_id, i.sku_id) = (c.sale_id, c.sku_id)
            where c.sale_id = @SaleId and c.sku_id = @SkuId and idempotency_key = @Key and delta = @Delta and partial = @Partial
            for update of c
            """,
            Parameters(change),
            cancellationToken: cancellationToken));
        if (row is not { Done: false })
        {
            // Another caller was first: it made the change, or was refused.
            return row is null ? (StockChangeOutcome.NotEnough, 0) : (StockChangeOutcome.Made, row.Made);
        }

        var writes = new List<StockWrite>(1);
        var (outcome, made) = await stock.AdjustAsync(
            new ItemKeys(change.Item), new StockAdjustment(change.Key, change.Delta, row.StartedAt, row.Epoch, change.Partial), writes);
        await BeforeCommit();
        if (outcome != AdjustOutcome.NotWarm)
        {
            // A refused withdrawal changed neither store, so its key may be used again.
            await connection.ExecuteAsync(new CommandDefinition(
                outcome == AdjustOutcome.Made
                    ? """
                      update stock_changes set done_at = now(), made = case when partial then @made end
                      where sale_id = @SaleId and sku_id = @SkuId and idempotency_key = @Key;
                      update sale_items set allocated = allocated + least(@made, 0) where sale_id = @SaleId and sku_id = @SkuId
                      """
                    : "delete from stock_changes where sale_id = @SaleId and sku_id = @SkuId and idempotency_key = @Key",
                Parameters(change, made),
                cancellationToken: cancellationToken));
            await connection.RecordAsync(change.Item, writes, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return outcome switch
        {
            AdjustOutcome.Made => (StockChangeOutcome.Made, made),
            AdjustOutcome.NotEnough => (StockChangeOutcome.NotEnough, 0),
            _ => (StockChangeOutcome.StockLost, 0),
        };
    }

    /// <summary>The first step, in the caller's transaction: once it is committed, the change is made, even if this process dies.</summary>
    /// <returns>False when nothing was begun: the item would have too many units, or the key was used before.</returns>
    public static Task<bool> TryBeginAsync(NpgsqlConnection connection, StockChange change, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            """
            with started as (
              insert into stock_changes (sale_id, sku_id, idempotency_key, delta, partial)
              select sale_id, sku_id, @Key, @Delta, @Partial
              from sale_items
              where sale_id = @SaleId and sku_id = @SkuId and allocated::bigint + @Delta <= @MostUnits
              on conflict do nothing
              returning delta
            ), added as (
              update sale_items set allocated = allocated + started.delta
              from started
              where started.delta > 0 and sale_id = @SaleId and sku_id = @SkuId
            )
            select exists (select from started)
            """,
            Parameters(change),
            cancellationToken: cancellationToken));

    /// <returns>The change that the key names; null when it was refused: too many units, or another caller found too few.</returns>
    private async Task<KnownChange?> StartAsync(StockChange change, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await TryBeginAsync(connection, change, cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<KnownChange>(new CommandDefinition(
            """
            select delta, partial, done_at is not null as done, coalesce(made, delta) as made
            from stock_changes
            where sale_id = @SaleId and sku_id = @SkuId and idempotency_key = @Key
            """,
            Parameters(change),
            cancellationToken: cancellationToken));
    }

    private static object Parameters(StockChange change, int made = 0) => new
    {
        change.Item.SaleId, change.Item.SkuId, change.Key, change.Delta, change.Partial, made, CreateSaleRules.MostUnits,
    };

    private async Task<bool?> WasWarmAsync(ItemKey item, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "select warmed_at is not null from sale_items where sale_id = @SaleId and sku_id = @SkuId",
            new { item.SaleId, item.SkuId },
            cancellationToken: cancellationToken));
    }

    private sealed record UnfinishedChange(long SaleId, long SkuId, string IdempotencyKey, int Delta, bool Partial);

    private sealed record StartedChange(bool Done, int Made, long StartedAt, int Epoch);

    private sealed record KnownChange(int Delta, bool Partial, bool Done, int Made);
}
