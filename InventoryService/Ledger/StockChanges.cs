using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Ledger;

/// <summary>Outcome of a change of stock.</summary>
internal enum StockChangeOutcome
{
    /// <summary>Made, now or before.</summary>
    Made,
    /// <summary>No such item.</summary>
    UnknownItem,
    /// <summary>The sale was never opened: its plan is not in Redis yet.</summary>
    NeverOpened,
    /// <summary>Redis has lost its stock; a change that was started is finished after its rebuild.</summary>
    StockLost,
    /// <summary>The item would have more units than <see cref="CreateSaleRules.MostUnits"/>; nothing is changed.</summary>
    TooMany,
    /// <summary>Fewer units are available than the change withdraws; nothing is changed.</summary>
    NotEnough,
    /// <summary>The key was used before with another delta.</summary>
    KeyReused,
}

/// <summary>
/// Adds and withdraws stock in mid-sale. The two stores change in an order that never lets Redis sell more than the ledger in PostgreSQL
/// allows: units are added to the ledger first, and withdrawn from Redis first. The key makes each step repeatable, and
/// <see cref="FinishAsync"/> finishes a change that a crash interrupted.
/// </summary>
internal sealed class StockChanges(NpgsqlDataSource database, StockLedger stock)
{
    /// <summary>Makes the change, once for each key.</summary>
    public async Task<StockChangeOutcome> ChangeAsync(ItemKey item, string key, int delta, CancellationToken cancellationToken)
    {
        if (await stock.InspectAsync(new ItemKeys(item)) is null)
        {
            return await WasWarmAsync(item, cancellationToken) switch
            {
                null => StockChangeOutcome.UnknownItem,
                false => StockChangeOutcome.NeverOpened,
                true => StockChangeOutcome.StockLost,
            };
        }

        var (known, done) = await StartAsync(item, key, delta, cancellationToken);
        return known == 0 ? delta > 0 ? StockChangeOutcome.TooMany : StockChangeOutcome.NotEnough
            : known != delta ? StockChangeOutcome.KeyReused
            : done ? StockChangeOutcome.Made
            : await FinishAsync(item, key, delta, cancellationToken);
    }

    /// <summary>Unfinished changes that are older than <paramref name="age"/>.</summary>
    public async Task<IReadOnlyList<(ItemKey Item, string Key, int Delta)>> FindUnfinishedAsync(
        TimeSpan age, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<UnfinishedChange>(new CommandDefinition(
            """
            select sale_id, sku_id, idempotency_key, delta
            from stock_changes
            where done_at is null and started_at < now() - @age
            order by started_at
            """,
            new { age },
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => (new ItemKey(row.SaleId, row.SkuId), row.IdempotencyKey, row.Delta))];
    }

    /// <summary>
    /// The second step of a change whose start is recorded. The row lock admits one caller at a time: otherwise one caller could be refused
    /// and delete the change while another makes it.
    /// </summary>
    public async Task<StockChangeOutcome> FinishAsync(ItemKey item, string key, int delta, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var change = await connection.QuerySingleOrDefaultAsync<(bool Done, long StartedAt, int Epoch)?>(new CommandDefinition(
            """
            select done_at is not null, (extract(epoch from started_at) * 1000000)::bigint, i.epoch
            from stock_changes c
            join sale_items i on (i.sale_id, i.sku_id) = (c.sale_id, c.sku_id)
            where c.sale_id = @SaleId and c.sku_id = @SkuId and idempotency_key = @key and delta = @delta
            for update of c
            """,
            new { item.SaleId, item.SkuId, key, delta },
            cancellationToken: cancellationToken));
        if (change is not { Done: false, StartedAt: var startedAt, Epoch: var epoch })
        {
            // Another caller was first: it made the change, or was refused.
            return change is null ? StockChangeOutcome.NotEnough : StockChangeOutcome.Made;
        }

        var outcome = await stock.AdjustAsync(new ItemKeys(item), key, delta, startedAt, epoch);
        if (outcome != AdjustOutcome.NotWarm)
        {
            // A refused withdrawal changed neither store, so its key may be used again.
            var made = outcome == AdjustOutcome.Made;
            await connection.ExecuteAsync(new CommandDefinition(
                made
                    ? """
                      update stock_changes set done_at = now()
                      where sale_id = @SaleId and sku_id = @SkuId and idempotency_key = @key;
                      update sale_items set allocated = allocated + least(@delta, 0) where sale_id = @SaleId and sku_id = @SkuId
                      """
                    : "delete from stock_changes where sale_id = @SaleId and sku_id = @SkuId and idempotency_key = @key",
                new { item.SaleId, item.SkuId, key, delta },
                cancellationToken: cancellationToken));
            await transaction.CommitAsync(cancellationToken);
        }

        return outcome switch
        {
            AdjustOutcome.Made => StockChangeOutcome.Made,
            AdjustOutcome.NotEnough => StockChangeOutcome.NotEnough,
            _ => StockChangeOutcome.StockLost,
        };
    }

    private async Task<(int Delta, bool Done)> StartAsync(ItemKey item, string key, int delta, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            with started as (
              insert into stock_changes (sale_id, sku_id, idempotency_key, delta)
              select sale_id, sku_id, @key, @delta
              from sale_items
              where sale_id = @SaleId and sku_id = @SkuId and allocated::bigint + @delta <= @MostUnits
              on conflict do nothing
              returning delta
            )
            update sale_items set allocated = allocated + started.delta
            from started
            where started.delta > 0 and sale_id = @SaleId and sku_id = @SkuId
            """,
            new { item.SaleId, item.SkuId, key, delta, CreateSaleRules.MostUnits },
            cancellationToken: cancellationToken));
        // No row (a delta of 0) when it would be too many, or when another caller of the same withdrawal was refused and deleted it.
        return await connection.QuerySingleOrDefaultAsync<(int, bool)>(new CommandDefinition(
            """
            select delta, done_at is not null
            from stock_changes
            where sale_id = @SaleId and sku_id = @SkuId and idempotency_key = @key
            """,
            new { item.SaleId, item.SkuId, key },
            cancellationToken: cancellationToken));
    }

    private async Task<bool?> WasWarmAsync(ItemKey item, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "select warmed_at is not null from sale_items where sale_id = @SaleId and sku_id = @SkuId",
            new { item.SaleId, item.SkuId },
            cancellationToken: cancellationToken));
    }

    private sealed record UnfinishedChange(long SaleId, long SkuId, string IdempotencyKey, int Delta);
}
