namespace Seckill.InventoryService.Audit;

/// <summary>The ledger row of an item and its parts, at one instant.</summary>
/// <param name="Allocated">Of the ledger row.</param>
/// <param name="Live">Of the ledger row.</param>
/// <param name="LiveRows">Units of live order rows.</param>
/// <param name="Changes">Stock changes so far.</param>
/// <param name="ChangesUnderWay">Changes among them that are not made in both stores yet.</param>
internal sealed record LedgerTotals(int Allocated, int Live, int LiveRows, int Changes, int ChangesUnderWay);

/// <summary>An order in PostgreSQL: its row, if any, and whether it is in quarantine or its stock is being returned.</summary>
internal sealed record OrderFate(string OrderId, string? Status, long UserId, int Units, bool IsQuarantined, bool IsReturning)
{
    public bool IsLive => Status is "placed" or "paid";
}

/// <summary>(11) The auditor's queries to PostgreSQL. Throws <see cref="NpgsqlException"/> when it is down.</summary>
internal sealed class AuditRows(NpgsqlDataSource database)
{
    /// <summary>Every item whose stock was put into Redis, of one sale or of all.</summary>
    public Task<IReadOnlyList<AuditedItem>> ItemsAsync(long? saleId, CancellationToken cancellationToken) =>
        ReadAsync<AuditedItem>(
            """
            select i.sale_id, i.sku_id, item_number, allocated, limit_per_user, unit_price, currency, epoch, lost_at,
              name, opens_at, closes_at, payment_timeout_seconds, state, state_version
            from sale_items i
            join sales s on s.sale_id = i.sale_id
            where warmed_at is not null and (@saleId::bigint is null or i.sale_id = @saleId)
            order by i.sale_id, position
            """,
            new { saleId },
            cancellationToken);

    /// <summary>The item's ledger; null when the sale has been deleted.</summary>
    public async Task<LedgerTotals?> LedgerAsync(ItemKey item, CancellationToken cancellationToken) =>
        (await ReadAsync<LedgerTotals>(
            """
            select allocated, live,
              (select coalesce(sum(quantity), 0)::int from orders_of(i) where status in ('placed', 'paid')) as live_rows,
              (select count(*)::int from stock_changes c where (c.sale_id, c.sku_id) = (i.sale_id, i.sku_id)) as changes,
              (select count(*)::int from stock_changes c
               where (c.sale_id, c.sku_id) = (i.sale_id, i.sku_id) and done_at is null) as changes_under_way
            from sale_items i
            where sale_id = @SaleId and sku_id = @SkuId
            """,
            new { item.SaleId, item.SkuId },
            cancellationToken)).SingleOrDefault();

    /// <summary>These orders in PostgreSQL.</summary>
    public Task<IReadOnlyList<OrderFate>> FatesAsync(IEnumerable<string> orderIds, CancellationToken cancellationToken) =>
        ReadAsync<OrderFate>(
            """
            select h.order_id, o.status, coalesce(o.user_id, 0) as user_id, coalesce(o.quantity, 0) as units,
              q.order_id is not null as is_quarantined, r.order_id is not null and r.returned_at is null as is_returning
            from unnest(@orderIds) as h (order_id)
            left join orders o on o.order_id = h.order_id
            left join quarantined_orders q on q.order_id = h.order_id
            left join stock_returns r on r.order_id = h.order_id
            """,
            new { orderIds = orderIds.ToArray() },
            cancellationToken);

    /// <summary>Live orders of an item that are older than <paramref name="age"/>, in the order of their ids.</summary>
    public Task<IReadOnlyList<string>> LiveAsync(
        AuditedItem item, string after, int maximum, TimeSpan age, CancellationToken cancellationToken) =>
        ReadAsync<string>(
            """
            select order_id
            from orders
            where order_id > @after and order_id < @end and (sale_id, sku_id) = (@SaleId, @SkuId)
              and status in ('placed', 'paid') and placed_at <= clock_timestamp() - @age
            order by order_id
            limit @maximum
            """,
            // Every id begins with the number of its item and continues with hex digits.
            new { after = after.Length > 0 ? after : item.Number, end = item.Number + "g", item.SaleId, item.SkuId, age, maximum },
            cancellationToken);

    /// <summary>Orders in quarantine that have no row, as holds.</summary>
    public Task<IReadOnlyList<HoldToRestore>> QuarantinedAsync(ItemKey item, CancellationToken cancellationToken) =>
        ReadAsync<HoldToRestore>(
            """
            select order_id, user_id, quantity as units, reserved_at
            from quarantined_orders q
            where (sale_id, sku_id) = (@SaleId, @SkuId) and not exists (select from orders o where o.order_id = q.order_id)
            """,
            new { item.SaleId, item.SkuId },
            cancellationToken);

    private async Task<IReadOnlyList<T>> ReadAsync<T>(string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))).AsList();
    }
}
