using System.Diagnostics;
using Dapper;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: a broken equation between the totals is seen within ten seconds, at two thousand items and at any number of orders of one item,
/// also when it breaks just after it was looked at and while every item is audited order by order. Broken by an audit that takes one item
/// after another, that adds up orders, or whose rounds wait for a large item. How long it took is printed: decision 30 has the figures.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class LargeAuditTests(StoreFixture stores, ITestOutputHelper output)
{
    private const int Orders = 100_000;
    private const int Items = 2_000;
    private static readonly TimeSpan s_promised = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_break_of_one_of_two_thousand_items_is_seen_in_time()
    {
        await stores.RetireSalesAsync();
        var items = await OpenItemsAsync();
        await IsSeenInTimeAsync($"of one of {Items:N0} items", items[Items / 2].Keys);
        await stores.RetireSalesAsync();
    }

    [Fact]
    public async Task A_break_of_an_item_with_a_hundred_thousand_orders_is_seen_in_time()
    {
        await stores.RetireSalesAsync();
        var sale = await TestSale.OpenAsync(stores, units: Orders, limit: 1);
        await sale.FillAsync();
        await IsSeenInTimeAsync($"of an item with {Orders:N0} orders", sale.Keys);
        await sale.LoseAsync();
        await stores.RetireSalesAsync();
    }

    private async Task IsSeenInTimeAsync(string what, ItemKeys item)
    {
        var (reads, since) = (0, 0L);
        await using var audit = await RunningAudit.StartAsync(stores, new AuditorOptions(), async () =>
        {
            // In the second round, after Redis was read. No counter contradicts another one of the same store.
            if (++reads == 4)
            {
                await stores.Redis.HashIncrementAsync(item.State, "available", 1);
                await stores.Redis.HashIncrementAsync(item.State, "held", -1);
                since = Stopwatch.GetTimestamp();
            }
        });
        await Eventually.IsTrueAsync("the break is seen", () => since != 0 && !audit.Results.IsBalanced(item.Item));
        var took = Stopwatch.GetElapsedTime(since);
        output.WriteLine($"A break {what} was seen after {took.TotalSeconds:0.0} s.");
        Assert.InRange(took, TimeSpan.Zero, s_promised);
        // Of the alert that nothing is audited.
        Assert.InRange(audit.Results.AgeSeconds, 0, 30);
    }

    private async Task<IReadOnlyList<AuditedItem>> OpenItemsAsync()
    {
        var sale = new TestItem();
        await sale.PlanInPostgresAsync(units: 10);
        stores.Opened.Add(sale.Key.SaleId);
        await using (var connection = await stores.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                """
                insert into sale_items (sale_id, sku_id, position, allocated, limit_per_user, unit_price, currency, warmed_at)
                select @SaleId, @SkuId + n, n, 10, 2, 4999, 'EUR', now() from generate_series(1, @Items - 1) n
                """,
                new { sale.Key.SaleId, sale.Key.SkuId, Items });
        }

        var items = await stores.Rows.ItemsAsync(sale.Key.SaleId, CancellationToken.None);
        foreach (var some in items.Chunk(100))
        {
            await Task.WhenAll(some.Select(item => stores.Stock.WarmAsync(item.Keys, item.Plan)));
        }

        Assert.Equal(Items, items.Count);
        return items;
    }
}
