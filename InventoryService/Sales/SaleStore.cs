namespace Seckill.InventoryService.Sales;

/// <summary>Sales and their items in PostgreSQL. Throws <see cref="NpgsqlException"/> when it is down.</summary>
internal sealed class SaleStore(NpgsqlDataSource database, RoomStore waitingRooms)
{
    /// <summary>Stores a checked sale; false when the id is taken.</summary>
    public async Task<bool> TryAddAsync(CreateSale sale, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var added = await connection.ExecuteAsync(
            """
            insert into sales (sale_id, name, opens_at, closes_at, payment_timeout_seconds)
            values (@SaleId, @Name, @OpensAt, @ClosesAt, @PaymentTimeoutSeconds)
            on conflict (sale_id) do nothing
            """,
            new
            {
                sale.SaleId, Name = sale.Name!.Trim(),
                OpensAt = sale.OpensAt!.Value.UtcDateTime, ClosesAt = sale.ClosesAt!.Value.UtcDateTime,
                sale.PaymentTimeoutSeconds,
            });
        if (added == 0)
        {
            return false;
        }

        await connection.ExecuteAsync(
            """
            insert into sale_items (
              sale_id, sku_id, position, allocated, limit_per_user, unit_price, currency, orders_per_user, cool_down_seconds)
            values (
              @SaleId, @SkuId, @Position, @Allocated, @LimitPerUser, @UnitPrice, @Currency, @OrdersPerUser, @CoolDownSeconds)
            """,
            sale.Items!.Select((item, position) => new
            {
                sale.SaleId, item!.SkuId, Position = position, item.Allocated, item.LimitPerUser, item.UnitPrice, item.Currency,
                OrdersPerUser = item.OrdersPerUser ?? 0, CoolDownSeconds = item.CoolDownSeconds ?? 0,
            }));
        if (sale.WaitingRoom is { } room)
        {
            await RoomStore.AddAsync(connection, sale.SaleId!.Value, room);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>One sale, or null.</summary>
    public async Task<SaleDetails?> FindAsync(long saleId, CancellationToken cancellationToken) =>
        (await ReadAsync("where s.sale_id = @saleId", new { saleId }, cancellationToken)).SingleOrDefault();

    /// <summary>Sales, the newest first.</summary>
    /// <param name="after">Only those behind this one; null for the first page.</param>
    /// <param name="archived">True for those that are archived, false for the others; null for all.</param>
    /// <param name="maximum">Maximum number of sales.</param>
    public Task<IReadOnlyList<SaleDetails>> ListAsync(long? after, bool? archived, int maximum, CancellationToken cancellationToken) =>
        ReadAsync(
            """
            where s.sale_id in (
              select sale_id from sales
              where (@after::bigint is null
                or (created_at, -sale_id) < (select created_at, -sale_id from sales where sale_id = @after))
                and (@archived::boolean is null or (archived_at is not null) = @archived)
              order by created_at desc, sale_id
              limit @maximum)
            """,
            new { after, archived, maximum }, cancellationToken);

    /// <summary>Remembers that an item's stock is in Redis now.</summary>
    public Task MarkWarmAsync(long saleId, long skuId, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            "update sale_items set warmed_at = coalesce(warmed_at, now()) where sale_id = @saleId and sku_id = @skuId",
            new { saleId, skuId },
            cancellationToken);

    /// <summary>Sets the state of a sale.</summary>
    /// <returns>Its version: each call has the next one, also when it repeats the state. Null when it is archived.</returns>
    public async Task<long?> SetStateAsync(long saleId, SaleState state, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await FindStateAsync(saleId, cancellationToken);
            if (read.IsArchived)
            {
                return null;
            }

            if (await TrySetStateAsync(saleId, state, read.Version, cancellationToken) is { } next)
            {
                return next;
            }
        }
    }

    /// <summary>
    /// Sets the state if it still has a version. A statement may reach PostgreSQL when its caller has given up: then it must not undo what
    /// was asked for since.
    /// </summary>
    /// <returns>The next version; null when there was another call.</returns>
    public async Task<long?> TrySetStateAsync(long saleId, SaleState state, long version, CancellationToken cancellationToken) =>
        (await database.QueryAsync<long?>(
            """
            update sales set state = @state, state_version = state_version + 1
            where sale_id = @saleId and state_version = @version and archived_at is null
            returning state_version
            """,
            new { saleId, state = state.ToString().ToLowerInvariant(), version },
            cancellationToken)).SingleOrDefault();

    /// <summary>The version of a sale's state, or null when there is no such sale.</summary>
    public async Task<long?> FindVersionAsync(long saleId, CancellationToken cancellationToken) =>
        (await database.QueryAsync<long?>(
            "select state_version from sales where sale_id = @saleId", new { saleId }, cancellationToken)).SingleOrDefault();

    /// <summary>The state of a sale and its version.</summary>
    /// <exception cref="InvalidOperationException">The sale was deleted.</exception>
    public Task<StateOfSale> FindStateAsync(long saleId, CancellationToken cancellationToken) =>
        database.SingleAsync<StateOfSale>(
            "select state, state_version as version, archived_at is not null as is_archived from sales where sale_id = @saleId",
            new { saleId }, cancellationToken);

    private async Task<IReadOnlyList<SaleDetails>> ReadAsync(string where, object? parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            select s.sale_id, s.name, s.opens_at, s.closes_at, s.payment_timeout_seconds, s.state, s.archived_at,
              i.sku_id, i.allocated, i.limit_per_user, i.unit_price, i.currency, i.orders_per_user, i.cool_down_seconds, i.item_number,
              i.warmed_at is not null as was_warm
            from sales s
            join sale_items i using (sale_id)
            {where}
            order by s.created_at desc, s.sale_id, i.position
            """,
            parameters,
            cancellationToken: cancellationToken));
        var sales = rows.GroupBy(row => row.sale_id).ToList();
        var rooms = await waitingRooms.FindAsync([.. sales.Select(sale => sale.Key)], cancellationToken);
        return
        [
            .. sales.Select(sale =>
            {
                var first = sale.First();
                return new SaleDetails(
                    first.sale_id, first.name, Utc(first.opens_at), Utc(first.closes_at), first.payment_timeout_seconds, first.state,
                    [.. sale.Select(row => new SaleItemDetails(
                        row.sku_id, row.allocated, row.limit_per_user, row.unit_price, row.currency,
                        SaleItemDetails.Given(row.orders_per_user), SaleItemDetails.Given(row.cool_down_seconds))
                    {
                        ItemNumber = row.item_number,
                        WasWarm = row.was_warm,
                    })],
                    rooms.GetValueOrDefault(first.sale_id)?.Room)
                {
                    ArchivedAt = first.archived_at is { } archivedAt ? Utc(archivedAt) : null,
                };
            }),
        ];
    }

    // An infinite timestamp of an old row has no kind; converted as a local time it would fail, and the list of all sales with it.
    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    /// <summary>A state, and how many calls have set one.</summary>
    internal sealed record StateOfSale(SaleState State, long Version, bool IsArchived);

#pragma warning disable IDE1006 // Named after the columns.
    private sealed record Row(
        long sale_id, string name, DateTime opens_at, DateTime closes_at, int payment_timeout_seconds, SaleState state,
        DateTime? archived_at,
        long sku_id, int allocated, int limit_per_user, long unit_price, string currency, int orders_per_user, int cool_down_seconds,
        int item_number, bool was_warm);
#pragma warning restore IDE1006
}
