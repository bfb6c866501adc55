using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Seckill.InventoryService.Reconciliation;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.OrderLife.Tests;

/// <summary>
/// Promise: a broken equation is told within ten seconds, also of an item with a hundred thousand holds. Broken by a look that costs
/// more than the holds it reads: then the round, and the pause that is three times as long, grow past any alarm.
/// </summary>
public sealed class LargeAuditTests(Stores stores, ITestOutputHelper output)
{
    private const int Holds = 100_000;
    private const int Together = 1_000;

    /// <summary>Generous, for machines that do other things as well; the aim is 10 s, and the measured time is printed.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task A_break_among_a_hundred_thousand_holds_is_found_in_time()
    {
        var sale = await TestSale.OpenAsync(stores, units: Holds, limit: 1);
        ReservedOrder last = default;
        for (var user = 1; user <= Holds; user += Together)
        {
            last = await FillAsync(sale, user);
        }

        using var auditor = new Auditor(
            stores.Rows, stores.AuditorWithPages(of: new AuditorOptions().PageSize), stores.Audits, stores.Losses,
            Options.Create(new AuditorOptions()), TimeProvider.System, NullLogger<Auditor>.Instance);
        await stores.Redis.HashIncrementAsync(sale.Keys.Buyers, last.UserId, 1);
        var since = Stopwatch.GetTimestamp();
        await auditor.StartAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => Task.FromResult(!stores.Audits.IsBalanced(sale.Item)), "the break is told");
        var took = Stopwatch.GetElapsedTime(since);
        await auditor.StopAsync(CancellationToken.None);

        output.WriteLine($"One wrong buyer among {Holds} holds was told after {took.TotalSeconds:0.0} s, the first pause included.");
        Assert.True(took < s_limit, $"It took {took}.");
        Assert.Equal(BreakKind.Buyer, Assert.Single(
            (await stores.Auditor.AuditAsync(await sale.AuditedAsync(), CancellationToken.None)).Findings).Kind);
        // The other tests audit everything, too.
        await stores.AuditRepair.RepairAsync(await sale.AuditedAsync(), false, CancellationToken.None);
        await sale.LoseAsync();
        await sale.ExecuteAsync("update sale_items set warmed_at = null where sale_id = @SaleId");
    }

    private async Task<ReservedOrder> FillAsync(TestSale sale, int firstUser)
    {
        var batch = new ReserveBatch(Together);
        var suffixes = Enumerable.Range(0, Together).Select(_ => new byte[OrderId.SuffixLength]).ToArray();
        for (var i = 0; i < Together; i++)
        {
            OrderId.FillSuffix(suffixes[i]);
            batch.Add(suffixes[i], firstUser + i, 1, null);
        }

        await stores.Stock.ReserveAsync(sale.Keys, batch, Holds);
        ReservedOrder[] orders =
        [
            .. suffixes.Select((suffix, i) => new ReservedOrder(OrderId.Join(batch.Terms!.Number, suffix), firstUser + i, 1, batch.Now)),
        ];
        await sale.ConsumeAsync(orders);
        return orders[^1];
    }
}
