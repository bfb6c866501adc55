namespace Seckill.InventoryService.Audit;

/// <summary>A kept sum of an item, in units, and the same sum over its order rows.</summary>
internal sealed record RecountedTotal(string Total, long Kept, long Counted);

/// <summary>An order in PostgreSQL: its row, if any, and whether it is in quarantine or its stock is being returned.</summary>
internal sealed record OrderFate(string OrderId, string? Status, long UserId, int Units, bool IsQuarantined, bool IsReturning)
{
    public bool IsLive => Status is "placed" or "paid";
}

/// <summary>(11) The auditor's queries to PostgreSQL. Throws <see cref="NpgsqlException"/> when it is down.</summary>
internal sealed class AuditRows(NpgsqlDataSource database)
{
    /// <summary>Timeout of a statement that reads every order of an item.</summary>
    public const int RecountTimeoutSeconds = 600;

    private const string OfItem = "(@saleId::bigint is null or sale_id = @saleId) and (@skuId::bigint is null or sku_id = @skuId)";

    // Without a sale: history is not added up round after round.
    private const string OfActiveItem =
        OfItem + " and (@saleId::bigint is not null or (sale_id, sku_id) in (select sale_id, sku_id from sale_items"
        + " where rested_at is null))";

    private const string Items =
        """
        select i.sale_id, i.sku_id, item_number, allocated, limit_per_user, unit_price, currency, orders_per_user, cool_down_seconds,
          epoch, lost_at, name, opens_at, closes_at, payment_timeout_seconds, state, state_version,
          coalesce((
            select max(seq) from stock_writes w where (w.sale_id, w.sku_id, w.epoch) = (i.sale_id, i.sku_id, i.epoch)), 0) as seq,
          coalesce((select case when fail_open then 2 else 1 end from waiting_rooms r where r.sale_id = i.sale_id), 0) as room
        from sale_items i
        join sales s on s.sale_id = i.sale_id
        """;

    /// <summary>The items of a sale whose stock was put into Redis; without a sale, those of all sales that are not at rest.</summary>
    public Task<IReadOnlyList<AuditedItem>> ItemsAsync(long? saleId, CancellationToken cancellationToken) =>
        ItemsAsync(saleId, null, cancellationToken);

    /// <summary>The item at rest that was not looked at for longest, or null.</summary>
    public async Task<AuditedItem?> FindRestingAsync(CancellationToken cancellationToken) =>
        (await ReadAsync<AuditedItem>(
            Items + " where rested_at is not null order by rested_at limit 1", new { }, cancellationToken)).SingleOrDefault();

    /// <summary>One of them; null when it is not, or no longer, among them.</summary>
    public async Task<AuditedItem?> FindItemAsync(ItemKey item, CancellationToken cancellationToken) =>
        (await ItemsAsync(item.SaleId, item.SkuId, cancellationToken)).SingleOrDefault();

    private Task<IReadOnlyList<AuditedItem>> ItemsAsync(long? saleId, long? skuId, CancellationToken cancellationToken) =>
        ReadAsync<AuditedItem>(
            Items + """

            where warmed_at is not null and (i.sale_id = @saleId or @saleId::bigint is null and rested_at is null)
              and (@skuId::bigint is null or i.sku_id = @skuId)
            order by i.sale_id, position
            """,
            new { saleId, skuId },
            cancellationToken);

    /// <summary>
    /// The totals of a sale's items, or of one of them; without a sale, of all items whose stock was put into Redis and that are not at
    /// rest. An item is quiet when its sale is over, every live order is paid, and nothing is under way between the stores.
    /// </summary>
    public Task<IReadOnlyList<ItemTotals>> TotalsAsync(
        long? saleId, long? skuId, CancellationToken cancellationToken, bool withQuietItems = true) =>
        ReadAsync<ItemTotals>(
            $"""
            select i.sale_id, i.sku_id, i.warmed_at is not null as was_warm, i.epoch, i.allocated, i.live,
              coalesce(t.paid, 0) as paid, coalesce(t.returned, 0) as returned, coalesce(t.rejected, 0) as rejected,
              coalesce(r.orders, 0) as returning, coalesce(q.units, 0) as quarantined,
              coalesce(c.changes, 0) as changes, coalesce(c.under_way, 0) as changes_under_way
            from sale_items i
            join sales s using (sale_id)
            left join (
              select sale_id, sku_id, (sum(units) filter (where status = 'paid'))::bigint as paid,
                (sum(units) filter (where status in ('cancelled', 'expired')))::bigint as returned,
                (sum(units) filter (where status = 'rejected'))::bigint as rejected
              from order_totals where {OfActiveItem} group by sale_id, sku_id
            ) t using (sale_id, sku_id)
            left join (
              select sale_id, sku_id, count(*) as orders from stock_returns where returned_at is null and {OfItem}
              group by sale_id, sku_id
            ) r using (sale_id, sku_id)
            left join (
              select sale_id, sku_id, sum(quantity) as units from quarantined_orders q
              where not exists (select from orders o where o.order_id = q.order_id) and {OfItem} group by sale_id, sku_id
            ) q using (sale_id, sku_id)
            left join (
              select sale_id, sku_id, count(*) as changes, count(*) filter (where done_at is null) as under_way
              from stock_changes where {OfActiveItem} group by sale_id, sku_id
            ) c using (sale_id, sku_id)
            where {OfItem} and (@saleId is not null or (i.warmed_at is not null and i.rested_at is null))
              and (@withQuietItems or (s.state <> 'closed' and s.closes_at > now()) or i.live <> coalesce(t.paid, 0)
                or r.orders > 0 or q.units > 0 or c.under_way > 0)
            order by sale_id, position
            """,
            new { saleId, skuId, withQuietItems },
            cancellationToken);

    /// <summary>The kept sums of an item beside those of all its order rows.</summary>
    public Task<IReadOnlyList<RecountedTotal>> RecountAsync(ItemKey item, CancellationToken cancellationToken) =>
        ReadAsync<RecountedTotal>(
            "select total, kept, counted from recount_orders(@SaleId, @SkuId)", new { item.SaleId, item.SkuId }, cancellationToken,
            RecountTimeoutSeconds);

    /// <summary>These orders in PostgreSQL. Each offset keeps the planner from reading a whole table for a page of orders.</summary>
    public Task<IReadOnlyList<OrderFate>> FatesAsync(IEnumerable<string> orderIds, CancellationToken cancellationToken) =>
        ReadAsync<OrderFate>(
            """
            select h.order_id, o.status, coalesce(o.user_id, 0) as user_id, coalesce(o.quantity, 0) as units,
              q.order_id is not null as is_quarantined, r.order_id is not null and r.returned_at is null as is_returning
            from unnest(@orderIds) as h (order_id)
            left join lateral (select * from orders where order_id = h.order_id offset 0) o on true
            left join lateral (select * from quarantined_orders where order_id = h.order_id offset 0) q on true
            left join lateral (select * from stock_returns where order_id = h.order_id offset 0) r on true
            """,
            new { orderIds = orderIds.ToArray() },
            cancellationToken);

    /// <summary>
    /// A page of an item's orders in the order of their ids. An order is due when it is live and older than <paramref name="age"/>, or from
    /// before the clock was set back.
    /// </summary>
    public Task<IReadOnlyList<(string OrderId, bool IsDue)>> PageAsync(
        AuditedItem item, string after, int maximum, TimeSpan age, CancellationToken cancellationToken) =>
        ReadAsync<(string OrderId, bool IsDue)>(
            $"""
            select order_id, (sale_id, sku_id) = (@SaleId, @SkuId)
              and status in ('placed', 'paid') and placed_at not between clock_timestamp() - @age and clock_timestamp()
            from ({AuditedItem.PageOfOrders}) page
            order by order_id
            """,
            new { after, end = item.EndOfIds, item.SaleId, item.SkuId, age, maximum },
            cancellationToken);

    /// <summary>Orders in quarantine that have no row, as holds.</summary>
    public Task<IReadOnlyList<HoldToRestore>> QuarantinedAsync(ItemKey item, CancellationToken cancellationToken) =>
        ReadAsync<HoldToRestore>(
            """
            select order_id, user_id, quantity as units, reserved_at, idempotency_key,
              exists (select from waiting_rooms where sale_id = @SaleId) as has_room
            from quarantined_orders q
            where (sale_id, sku_id) = (@SaleId, @SkuId) and not exists (select from orders o where o.order_id = q.order_id)
            """,
            new { item.SaleId, item.SkuId },
            cancellationToken);

    private async Task<IReadOnlyList<T>> ReadAsync<T>(
        string sql, object parameters, CancellationToken cancellationToken, int? timeoutSeconds = null)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<T>(new CommandDefinition(
            sql, parameters, commandTimeout: timeoutSeconds, cancellationToken: cancellationToken))).AsList();
    }
}
