using Dapper;
using Npgsql;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Dashboard;

/// <summary>A sale item as PostgreSQL has it.</summary>
internal sealed record ItemRow(
    long SaleId, string Name, DateTime OpensAt, DateTime ClosesAt, SaleState State, long ItemsInSale,
    long SkuId, int Allocated, int Live, long UnitPrice, string Currency, bool IsLost, bool IsWarm);

/// <summary>Totals of all sales, shown or not.</summary>
/// <param name="Sales">All sales.</param>
/// <param name="ItemsOn">Items of all sales that are on.</param>
/// <param name="ItemsLost">Items that wait for their rebuild.</param>
internal sealed record SaleTotals(long Sales, long ItemsOn, long ItemsLost);

/// <summary>What the dashboard reads from PostgreSQL.</summary>
internal sealed record OrdersReading(IReadOnlyList<ItemRow> Items, SaleTotals Totals, DualWriteState DualWrite);

/// <summary>
/// Reads it: three small statements in one round trip. None of them scans a table that grows with the orders. A hundred items at most.
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

        select (select count(*) from sales) as sales,
          (select count(*) from sales join sale_items using (sale_id)
           where state = 'open' and now() between opens_at and closes_at) as items_on,
          (select count(*) from sale_items where lost_at is not null) as items_lost;

        select c.mode, c.read_from_new_percent,
          (select coalesce(sum(orders), 0)::bigint from legacy_outbox) as pending,
          (select coalesce(greatest(extract(epoch from now() - min(created_at)), extract(epoch from max(created_at) - now())), 0)::float8
           from legacy_outbox) as lag_seconds,
          v.orders as verified,
          (select count(distinct order_id) from legacy_discrepancies where resolved_at is null and class <> 'missing') as mismatched,
          (select count(*) from legacy_discrepancies where resolved_at is null and class = 'missing') as missing,
          coalesce((
            select max(state collate "C") from legacy_breakers
            where state <> 'closed' and seen_at between now() - interval '5 seconds' and now() + interval '5 seconds'
          ), 'closed') as breaker
        from dual_write_control c, legacy_verified v
        """;

    /// <summary>All of it now. Throws <see cref="NpgsqlException"/> when PostgreSQL is down.</summary>
    public async Task<OrdersReading> ReadAsync()
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var results = await connection.QueryMultipleAsync(Statements, commandTimeout: 5);
        return new OrdersReading(
            (await results.ReadAsync<ItemRow>()).AsList(), await results.ReadSingleAsync<SaleTotals>(),
            await results.ReadSingleAsync<DualWriteState>());
    }
}
