using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Dashboard;

/// <summary>A sale item as PostgreSQL has it.</summary>
internal sealed record ItemRow(
    long SaleId, string Name, DateTime OpensAt, DateTime ClosesAt, SaleState State, long ItemsInSale,
    long SkuId, int Allocated, int Live, long UnitPrice, string Currency, bool IsLost, bool IsWarm, bool IsAtRest);

/// <summary>Totals of all sales, shown or not.</summary>
/// <param name="Sales">All sales.</param>
/// <param name="ItemsOn">Items of all sales that are on.</param>
/// <param name="ItemsLost">Items that wait for their rebuild.</param>
/// <param name="ItemsRebuilt">Items that were rebuilt in the last ten minutes.</param>
/// <param name="LostSince">When the first of the lost items was lost.</param>
/// <param name="QuarantinedSince">When the first of the orders in quarantine was put there.</param>
internal sealed record SaleTotals(
    long Sales, long ItemsOn, long ItemsLost, long ItemsRebuilt, DateTimeOffset? LostSince, DateTimeOffset? QuarantinedSince);

/// <summary>What the dashboard reads from PostgreSQL.</summary>
internal sealed record OrdersReading(IReadOnlyList<ItemRow> Items, SaleTotals Totals, DualWriteState DualWrite);

/// <summary>
/// Reads it: three small statements in one round trip. None of them scans a table that grows with the orders. A hundred items at
/// most, the first of each sale before all others.
/// </summary>
internal sealed class OrdersReader(NpgsqlDataSource database, TimeProvider clock, ILogger<OrdersReader> logger)
    : BacklogReader<OrdersReading>("PostgreSQL", clock, logger)
{
    private const string Statements =
        $"""
        with known as (
          select *, state = 'open' and now() between opens_at and closes_at as is_on,
            state in ('created', 'open') and now() < closes_at as is_next
          from sales
          where archived_at is null
        ), shown as (
          (select * from known order by is_on desc, is_next desc, created_at desc limit 12)
          union
          -- A sale that has just ended or was just closed must not vanish behind those that are on.
          (select * from known
           where (state = 'closed' or (state = 'open' and closes_at < now())) and closes_at > now() - interval '1 hour'
           order by created_at desc
           limit 24)
          union
          -- Nor must the one that opens next.
          (select * from known where state in ('created', 'open') and opens_at > now() order by opens_at, sale_id limit 1)
        )
        select sale_id, name, opens_at, closes_at, state, items_in_sale,
          sku_id, allocated, live, unit_price, currency, lost_at is not null as is_lost, warmed_at is not null as is_warm,
          rested_at is not null as is_at_rest
        from (
          select s.*, i.sku_id, i.allocated, i.live, i.unit_price, i.currency, i.lost_at, i.warmed_at, i.rested_at,
            count(*) over (partition by sale_id) as items_in_sale, row_number() over (partition by sale_id order by position) as number
          from shown s join sale_items i using (sale_id)) item
        -- The first item of each sale, so that none is missing.
        order by number > 1, is_on desc, is_next desc, created_at desc, sale_id, number
        limit 100;

        select (select count(*) from sales where archived_at is null) as sales,
          (select count(*) from sales join sale_items using (sale_id)
           where state = 'open' and now() between opens_at and closes_at) as items_on,
          (select count(*) from sale_items where lost_at is not null) as items_lost,
          (select count(*) from rebuilds where epoch is not null and now() - finished_at < interval '10 minutes') as items_rebuilt,
          (select min(lost_at) from sale_items) as lost_since,
          (select min(quarantined_at) from quarantined_orders q
           where not exists (select from orders o where o.order_id = q.order_id)) as quarantined_since;

        {DualWriteState.Statement}
        """;

    protected override async Task<OrdersReading> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var results = await connection.QueryMultipleAsync(
            new CommandDefinition(Statements, commandTimeout: 5, cancellationToken: cancellationToken));
        return new OrdersReading(
            (await results.ReadAsync<ItemRow>()).AsList(), await results.ReadSingleAsync<SaleTotals>(),
            await results.ReadSingleAsync<DualWriteState>());
    }
}
