using Dapper;
using Npgsql;

namespace Seckill.InventoryService.Dashboard;

#pragma warning disable IDE1006 // Named after the columns.
/// <summary>A sale item as PostgreSQL has it.</summary>
internal sealed record ItemRow(
    long sale_id, string name, DateTime opens_at, DateTime closes_at, string state, long items_in_sale,
    long sku_id, int allocated, int live, long unit_price, string currency, bool is_lost, bool is_warm);
#pragma warning restore IDE1006

/// <summary>What waits in PostgreSQL, and how much there is in all. Numbers of rows are counted up to ten thousand.</summary>
/// <param name="Sales">All sales.</param>
/// <param name="ItemsOn">Items of all sales that are on.</param>
/// <param name="ItemsLost">Items, of all sales, that wait for their rebuild.</param>
/// <param name="Returns">Closed orders whose stock has not come back.</param>
/// <param name="OldestReturnSeconds">Age of the oldest of them.</param>
/// <param name="Quarantined">Orders that could not be persisted.</param>
internal sealed record Backlogs(
    long Sales, long ItemsOn, long ItemsLost, long Returns, double OldestReturnSeconds, long Quarantined);

/// <summary>What the dashboard reads from PostgreSQL.</summary>
internal sealed record OrdersReading(IReadOnlyList<ItemRow> Items, Backlogs Backlogs, DualWriteState DualWrite);

/// <summary>
/// Reads it: three small statements in one round trip, none of which walks a table that grows with the orders. At most a hundred items,
/// for each costs Redis a call a second.
/// </summary>
internal sealed class OrdersReader(NpgsqlDataSource database)
{
    private const string Statements =
        """
        select sale_id, name, opens_at, closes_at, state,
          (select count(*) from sale_items a where a.sale_id = s.sale_id) as items_in_sale,
          sku_id, allocated, live, unit_price, currency, lost_at is not null as is_lost, warmed_at is not null as is_warm
        from (
          select *, state = 'open' and now() between opens_at and closes_at as is_on, state = 'open' and now() < closes_at as is_next
          from sales
          order by is_on desc, is_next desc, created_at desc
          limit 12
        ) s
        join sale_items i using (sale_id)
        order by is_on desc, is_next desc, s.created_at desc, sale_id, position
        limit 100;

        select (select count(*) from sales) as "Sales",
          (select count(*) from sales join sale_items using (sale_id)
           where state = 'open' and now() between opens_at and closes_at) as "ItemsOn",
          (select count(*) from sale_items where lost_at is not null) as "ItemsLost",
          (select count(*) from (select from stock_returns where returned_at is null limit 10000) w) as "Returns",
          (select coalesce(extract(epoch from now() - min(created_at)), 0)::float8
           from stock_returns where returned_at is null) as "OldestReturnSeconds",
          (select count(*) from (
             select from quarantined_orders q
             where not exists (select from orders o where o.order_id = q.order_id)
             limit 10000) w) as "Quarantined";

        select c.mode as "Mode", c.read_from_new_percent as "ReadFromNewPercent",
          (select coalesce(sum(orders), 0)::bigint from legacy_outbox) as "Pending",
          (select coalesce(extract(epoch from now() - min(created_at)), 0)::float8 from legacy_outbox) as "LagSeconds",
          v.orders as "Verified",
          (select count(distinct order_id) from legacy_discrepancies where resolved_at is null and class <> 'missing') as "Mismatched",
          (select count(*) from legacy_discrepancies where resolved_at is null and class = 'missing') as "Missing",
          coalesce((
            select max(state collate "C") from legacy_breakers where state <> 'closed' and seen_at > now() - interval '5 seconds'
          ), 'closed') as "Breaker"
        from dual_write_control c, legacy_verified v
        """;

    /// <summary>All of it now. Throws <see cref="NpgsqlException"/> when PostgreSQL is away.</summary>
    public async Task<OrdersReading> ReadAsync()
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var results = await connection.QueryMultipleAsync(Statements, commandTimeout: 5);
        return new OrdersReading(
            (await results.ReadAsync<ItemRow>()).AsList(), await results.ReadSingleAsync<Backlogs>(),
            await results.ReadSingleAsync<DualWriteState>());
    }
}
