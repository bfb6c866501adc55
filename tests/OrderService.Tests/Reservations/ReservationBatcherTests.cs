using System.Diagnostics.Metrics;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis.Profiling;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>
/// Every request must be answered, with the truth, whatever Redis does: also when it does what it was asked and the answer never
/// comes. Against the real Redis, behind a relay that holds back replies.
/// </summary>
public sealed class ReservationBatcherTests
{
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task A_thousand_at_once_get_exactly_the_units_there_are()
    {
        await using var host = await BatcherHost.StartAsync();
        var item = await TestItem.OpenEverywhereAsync(units: 100);
        var results = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => host.ReserveAsync(item, _user + i))).InTime();
        Assert.Equal(100, results.Count(result => result.Outcome == ReserveOutcome.Reserved));
        Assert.Equal(900, results.Count(result => result.Outcome == ReserveOutcome.SoldOut));
        Assert.Equal(100, results.Where(result => result.OrderId is not null).Select(result => result.OrderId).Distinct().Count());
        await item.AssertConsistentAsync();
        await Eventually.IsTrueAsync("every reserved order is published and placed", async () => await item.LiveAsync() == 100);
    }

    [Fact]
    public async Task Each_buyer_gets_the_order_that_Redis_holds_for_them()
    {
        await using var host = await BatcherHost.StartAsync(("Reservations:MaxBatch", "7"), ("Reservations:QueueCapacity", "5000"));
        var item = await TestItem.OpenEverywhereAsync(units: 2_000, limit: 3);
        var results = await Task.WhenAll(Enumerable.Range(0, 600).Select(
            i => Task.Run(() => host.ReserveAsync(item, _user + i, 1 + (i % 3))))).InTime();
        foreach (var (result, i) in results.Select((result, i) => (result, i)))
        {
            Assert.Equal(ReserveOutcome.Reserved, result.Outcome);
            var hold = (await TestItem.Ledger.FindHoldAsync(item.Keys, result.OrderId!))!.Value.Hold;
            Assert.Equal((_user + i, 1 + (i % 3), result.At), (hold.UserId, hold.Units, hold.ReservedAt));
        }
    }

    [Fact]
    public async Task An_item_that_was_never_opened_is_unknown_until_it_is_opened()
    {
        await using var host = await BatcherHost.StartAsync();
        var item = new TestItem();
        Assert.Equal(ReserveOutcome.UnknownItem, (await host.ReserveAsync(item, _user).InTime()).Outcome);
        await item.WarmAsync();
        await Eventually.IsTrueAsync(
            "the item is known", async () => (await host.ReserveAsync(item, _user).InTime()).Outcome == ReserveOutcome.Reserved);
    }

    [Fact]
    public async Task Sixty_clicks_on_an_item_that_does_not_exist_are_one_question_to_Redis()
    {
        // Broken by clicks that each ask: ids that never existed then cost as much as sales.
        await using var host = await BatcherHost.StartAsync();
        var profile = new ProfilingSession();
        host.Redis.RegisterProfiler(() => profile);
        var item = new TestItem();
        var results = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(() => host.ReserveAsync(item, _user + i)))).InTime();
        Assert.All(results, result => Assert.Equal(ReserveOutcome.UnknownItem, result.Outcome));
        Assert.Single(profile.FinishProfiling(), command => command.Command.StartsWith("EVAL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_item_that_Redis_has_lost_gives_no_certain_answer()
    {
        await using var host = await BatcherHost.StartAsync();
        var item = await TestItem.OpenAsync();
        await host.ReserveFirstAsync(item, _user);
        await Servers.Database.KeyDeleteAsync(item.Keys.State);
        Assert.Equal(ReserveOutcome.Unknown, (await host.ReserveAsync(item, _user + 1).InTime()).Outcome);
    }

    [Fact]
    public async Task A_buyer_who_leaves_finds_the_order_again_with_the_same_key_and_it_is_published()
    {
        await using var host = await BatcherHost.StartAsync();
        var item = await TestItem.OpenEverywhereAsync();
        await host.ReserveFirstAsync(item, _user);
        host.Relay.Freeze();
        using var leaving = new CancellationTokenSource();
        var waiting = host.ReserveAsync(item, _user + 1, 2, "key", leaving.Token);
        await Eventually.IsTrueAsync("Redis has reserved", async () => (await item.InspectAsync()).Held == 3);
        Assert.False(waiting.IsCompleted);
        await leaving.CancelAsync();
        Assert.Equal(ReserveOutcome.Unknown, (await waiting.InTime()).Outcome);
        host.Relay.Thaw();
        var retry = await host.ReserveAsync(item, _user + 1, 2, "key").InTime();
        Assert.Equal(ReserveOutcome.Replayed, retry.Outcome);
        await Eventually.IsTrueAsync(
            "the order of the buyer who left is placed", async () => (await item.RowsAsync()).Any(row => row.OrderId == retry.OrderId));
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task When_Redis_does_not_answer_every_waiter_is_told_and_later_all_is_well()
    {
        await using var host = await BatcherHost.StartAsync(
            ("Reservations:TimeoutMilliseconds", "300"), ("Reservations:MaxBatch", "4"), ("Reservations:MaxCallsInFlight", "2"));
        var item = await TestItem.OpenAsync();
        await host.ReserveFirstAsync(item, _user);
        host.Relay.Freeze();
        var waiting = Enumerable.Range(1, 50).Select(i => host.ReserveAsync(item, _user + i, 1, "key")).ToList();
        Assert.All(await Task.WhenAll(waiting).InTime(), result => Assert.Equal(ReserveOutcome.Unknown, result.Outcome));
        await Eventually.IsTrueAsync(
            "further buyers are refused at once",
            async () => (await host.ReserveAsync(item, _user + 99, 1, "key").InTime()).Outcome == ReserveOutcome.Busy);
        host.Relay.Thaw();
        var orders = new HashSet<string>();
        for (var i = 1; i <= 50; i++)
        {
            var result = default(OrderService.Reservations.ReservationResult);
            await Eventually.IsTrueAsync(
                "the buyer gets an order",
                async () => (result = await host.ReserveAsync(item, _user + i, 1, "key").InTime()).Outcome
                    is ReserveOutcome.Reserved or ReserveOutcome.Replayed);
            Assert.True(orders.Add(result.OrderId!));
        }

        Assert.Equal(51, (await item.InspectAsync()).Held);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task While_Redis_is_silent_nothing_more_is_sent_to_it_also_when_the_first_calls_have_timed_out()
    {
        await using var host = await BatcherHost.StartWithAsync("", ("Reservations:TimeoutMilliseconds", "300"));
        var item = await TestItem.OpenAsync();
        await host.ReserveFirstAsync(item, _user);
        host.Relay.Freeze();
        Assert.Equal(ReserveOutcome.Unknown, (await host.ReserveAsync(item, _user + 1).InTime()).Outcome);
        await Eventually.IsTrueAsync(
            "buyers are refused at once", async () => (await host.ReserveAsync(item, _user + 2).InTime()).Outcome == ReserveOutcome.Busy);
        var startedAt = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(startedAt) < 2 * StockLedger.Timeout)
        {
            Assert.Equal(ReserveOutcome.Busy, (await host.ReserveAsync(item, _user + 3).InTime()).Outcome);
            await Task.Delay(20);
        }

        host.Relay.Thaw();
        await Eventually.IsTrueAsync(
            "buyers are served again", async () => (await host.ReserveAsync(item, _user + 4).InTime()).Outcome is ReserveOutcome.Reserved);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_asks_nothing_of_Redis()
    {
        await using var host = await BatcherHost.StartAsync(
            ("Reservations:QueueCapacity", "4"), ("Reservations:MaxCallsInFlight", "1"));
        var item = await TestItem.OpenAsync();
        await host.ReserveFirstAsync(item, _user);
        host.Relay.Freeze();
        var inFlight = host.ReserveAsync(item, _user + 1);
        await Eventually.IsTrueAsync("one call is under way", async () => (await item.InspectAsync()).Held == 2);
        var waiting = Enumerable.Range(2, 4).Select(i => host.ReserveAsync(item, _user + i)).ToList();
        var refused = host.ReserveAsync(item, _user + 9);
        Assert.Equal(ReserveOutcome.Busy, (await refused.InTime()).Outcome);
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        host.Relay.Thaw();
        Assert.All(
            await Task.WhenAll(waiting.Append(inFlight)).InTime(), result => Assert.Equal(ReserveOutcome.Reserved, result.Outcome));
        Assert.Equal(6, (await item.InspectAsync()).Held);
    }

    [Fact]
    public async Task A_stop_answers_every_waiter_and_refuses_new_ones()
    {
        await using var host = await BatcherHost.StartAsync(
            ("Reservations:MaxBatch", "2"), ("Reservations:MaxCallsInFlight", "1"));
        var item = await TestItem.OpenAsync();
        await host.ReserveFirstAsync(item, _user);
        host.Relay.Freeze();
        var waiting = Enumerable.Range(1, 10).Select(i => host.ReserveAsync(item, _user + i)).ToList();
        await host.Batcher.StopAsync(default).InTime();
        Assert.All(await Task.WhenAll(waiting).InTime(), result => Assert.Equal(ReserveOutcome.Unknown, result.Outcome));
        Assert.Equal(ReserveOutcome.Busy, (await host.ReserveAsync(item, _user + 99).InTime()).Outcome);
    }

    [Fact]
    public async Task A_stop_lets_those_who_wait_be_served()
    {
        await using var host = await BatcherHost.StartAsync(("Reservations:MaxBatch", "5"), ("Reservations:MaxCallsInFlight", "1"));
        var item = await TestItem.OpenAsync(units: 1_000);
        await host.ReserveFirstAsync(item, _user);
        var waiting = Enumerable.Range(1, 20).Select(i => host.ReserveAsync(item, _user + i)).ToList();
        await host.Batcher.StopAsync(default).InTime();
        Assert.All(await Task.WhenAll(waiting).InTime(), result => Assert.Equal(ReserveOutcome.Reserved, result.Outcome));
    }

    [Fact]
    public async Task After_the_last_unit_most_refusals_are_local_and_returned_stock_is_sold_again()
    {
        await using var host = await BatcherHost.StartAsync();
        var item = await TestItem.OpenAsync(units: 1, limit: 1);
        await host.ReserveFirstAsync(item, _user);
        using var calls = new CallCounter();
        await Eventually.IsTrueAsync("refusals are given without asking Redis", async () =>
        {
            var before = calls.Count;
            for (var i = 0; i < 50; i++)
            {
                Assert.Equal(ReserveOutcome.SoldOut, (await host.ReserveAsync(item, _user + 2).InTime()).Outcome);
            }

            return calls.Count - before >= 40;
        });

        // The buyer is still told the order, and a retry with a key is never refused on hearsay.
        Assert.Equal(ReserveOutcome.LimitReached, (await host.ReserveAsync(item, _user).InTime()).Outcome);
        await Servers.Database.HashIncrementAsync(item.Keys.State, "available", 1);
        await Servers.Database.HashIncrementAsync(item.Keys.State, "allocated", 1);
        await Eventually.IsTrueAsync(
            "the returned unit is sold",
            async () => (await host.ReserveAsync(item, _user + 3).InTime()).Outcome == ReserveOutcome.Reserved);
        await item.AssertConsistentAsync();
    }

    /// <summary>Every good client sends a key: strangers with keys must not cost a call each. Broken by asking for all, or none.</summary>
    [Fact]
    public async Task Of_requests_with_keys_those_of_buyers_ask_Redis_and_most_others_are_refused_without_it()
    {
        await using var host = await BatcherHost.StartAsync();
        var item = await TestItem.OpenAsync(units: 1, limit: 1);
        var first = await host.ReserveAsync(item, _user, 1, "key").InTime();
        using var calls = new CallCounter();
        var strangers = 0;
        await Eventually.IsTrueAsync("refusals are given without asking Redis", async () =>
        {
            var before = calls.Count;
            for (var i = 0; i < 50; i++)
            {
                Assert.Equal(
                    ReserveOutcome.SoldOut, (await host.ReserveAsync(item, _user + 1, 1, $"key {strangers++}").InTime()).Outcome);
            }

            return calls.Count - before >= 40;
        });
        Assert.Equal(first.OrderId, (await host.ReserveAsync(item, _user, 1, "key").InTime()).OrderId);
        Assert.Equal(ReserveOutcome.LimitReached, (await host.ReserveAsync(item, _user, 1, "another").InTime()).Outcome);

        // Also when the order is closed, and when another instance knows nothing of it yet.
        await using var another = await BatcherHost.StartAsync();
        await TestItem.Ledger.ReleaseAsync(item.Keys, [first.OrderId!]);
        await host.ReserveAsync(item, _user + 2, 1, "key").InTime();
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(first.OrderId, (await host.ReserveAsync(item, _user, 1, "key").InTime()).OrderId);
            Assert.Equal(first.OrderId, (await another.ReserveAsync(item, _user, 1, "key").InTime()).OrderId);
        }
    }

    /// <summary>Counts the answers of gates. Of all gates in this process, which only makes the count larger.</summary>
    private sealed class CallCounter : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _count;

        public CallCounter()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "seckill.gate.refusals")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, measurement, _, _) => Interlocked.Add(ref _count, measurement));
            _listener.Start();
        }

        public long Count => Interlocked.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
