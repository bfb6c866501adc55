using System.Diagnostics;
using Seckill.InventoryService.Rebuild;

namespace Seckill.InventoryService.Tests.Rebuild;

/// <summary>
/// Promise: an item with a hundred thousand live orders sells again within ten seconds. Broken by a rebuild that restores order by order,
/// or waits for what PostgreSQL has. How long it took is printed; the test allows a busy machine three times as long.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class LargeRebuildTests(StoreFixture stores, ITestOutputHelper output)
{
    private const int Orders = 100_000;

    [Fact]
    public async Task An_item_with_a_hundred_thousand_live_orders_is_rebuilt_in_time()
    {
        await stores.RetireSalesAsync();
        var sale = await TestSale.OpenAsync(stores, units: Orders, limit: 1);
        await sale.FillAsync();
        // An older copy has orders in the outbox that were settled since.
        var number = (await sale.AuditedAsync()).Number;
        await stores.Repair.RequeueAsync(sale.Keys, Enumerable.Range(1, 500).Select(n => $"{number}{n:x24}"));
        var since = Stopwatch.GetTimestamp();
        await stores.Losses.DeclareLostAsync(sale.Item, _ => Task.FromResult<string?>("a test"), CancellationToken.None);
        Assert.Equal(
            RebuildOutcome.Done,
            await stores.Rebuild(options: new RebuildOptions()).RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        var took = Stopwatch.GetElapsedTime(since);
        output.WriteLine($"Rebuilt in {took.TotalSeconds:0.0} s.");
        Assert.InRange(took, TimeSpan.Zero, Eventually.Limit);
        await sale.AssertConservedAsync(Orders);
        await sale.LoseAsync();
        await stores.RetireSalesAsync();
    }
}
