using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: a broken equation raises the alarm, also of an item with a hundred thousand holds that breaks at the worst moment, just
/// after the look at what broke. Broken by a round that never ends, or whose findings are not told. How long it took is printed:
/// decision 8 has the figure.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class LargeAuditTests(StoreFixture stores, ITestOutputHelper output)
{
    private const int Holds = 100_000;
    private const int Together = 1_000;

    /// <summary>For a machine that is very busy with something else; only a failing test reaches it.</summary>
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData(0.1, 2.5)]
    [InlineData(1, 3)]
    [InlineData(2, 5)]
    [InlineData(2.5, 4)]
    [InlineData(4, 4)]
    [InlineData(20, 20)]
    public void Rounds_leave_the_stores_three_quarters_of_the_time_if_the_alarm_comes_in_time_and_half_of_it_if_not(
        double round, double pause) =>
        Assert.Equal(
            TimeSpan.FromSeconds(pause), Auditor.PauseAfter(TimeSpan.FromSeconds(round), TimeSpan.FromMilliseconds(2_500)));

    [Fact]
    public async Task A_break_among_a_hundred_thousand_holds_raises_the_alarm()
    {
        await stores.RetireSalesAsync();
        var sale = await TestSale.OpenAsync(stores, units: Holds, limit: 1);
        await FillAsync(sale);
        var unbalanced = 0L;
        using var metrics = new MeterListener();
        metrics.Start();
        // Of the book alone that is made from now on.
        metrics.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "seckill.audit.unbalanced")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        metrics.SetMeasurementEventCallback<int>((_, items, _, _) => unbalanced = items);
        using var book = new AuditResults(TimeProvider.System);
        var since = 0L;
        var auditor = stores.AuditorWithPages(of: new AuditorOptions().PageSize, betweenTheStores: async item =>
        {
            // An auditor has long been at work when something breaks. The counters are what a look reads first.
            if (item == sale.Item && since == 0 && book.Find(item) is not null)
            {
                await stores.Redis.HashIncrementAsync(sale.Keys.State, "available", 1);
                since = Stopwatch.GetTimestamp();
            }
        });
        using var rounds = new Auditor(
            stores.Rows, auditor, book, stores.Losses, Options.Create(new AuditorOptions()), TimeProvider.System,
            NullLogger<Auditor>.Instance);
        await rounds.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync("seckill_audit_unbalanced tells of the break", () =>
        {
            metrics.RecordObservableInstruments();
            return Task.FromResult(unbalanced > 0 && !book.IsBalanced(sale.Item));
        }, s_timeout);
        var took = Stopwatch.GetElapsedTime(since);
        await rounds.StopAsync(CancellationToken.None);

        output.WriteLine($"A break among {Holds:N0} holds raised the alarm after {took.TotalSeconds:0.0} s.");
        Assert.Equal(BreakKind.Counters, Assert.Single(book.Find(sale.Item)!.Findings).Kind);
        await sale.LoseAsync();
        await stores.RetireSalesAsync();
    }

    private async Task FillAsync(TestSale sale)
    {
        var reserved = new List<ReservedOrder>(Holds);
        var suffixes = Enumerable.Range(0, Together).Select(_ => new byte[OrderId.SuffixLength]).ToArray();
        while (reserved.Count < Holds)
        {
            var batch = new ReserveBatch(Together);
            foreach (var (suffix, user) in suffixes.Zip(Enumerable.Range(reserved.Count + 1, Together)))
            {
                OrderId.FillSuffix(suffix);
                batch.Add(suffix, user, 1, null);
            }

            await stores.Stock.ReserveAsync(sale.Keys, batch, Holds);
            reserved.AddRange(suffixes.Zip(Enumerable.Range(reserved.Count + 1, Together), (suffix, user) =>
                new ReservedOrder(OrderId.Join(batch.Terms!.Number, suffix), user, 1, batch.Now)));
        }

        await stores.Orders.PlaceAsync(sale.Message([.. reserved]), CancellationToken.None);
        foreach (var settled in reserved.Chunk(Together))
        {
            Assert.Empty(await stores.Stock.SettleAsync(sale.Keys, settled.Select(order => order.OrderId)));
        }
    }
}
