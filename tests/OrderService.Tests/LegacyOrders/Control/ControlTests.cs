using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Reading;
using Seckill.OrderService.Orders;
using Seckill.Tests.Harness;

namespace Seckill.OrderService.Tests.LegacyOrders.Control;

/// <summary>Modes, who reads where, and the breaker: what keeps a legacy database from harming a sale.</summary>
public sealed class ControlTests
{
    [Fact]
    public async Task A_mode_that_one_process_sets_is_seen_by_another_with_its_lists()
    {
        await using var both = await TwoDatabases.CreateAsync("off");
        using var one = both.Control();
        using var other = both.Control();
        await other.RefreshAsync(CancellationToken.None);
        Assert.False(other.Current.Writes);
        await one.SetAsync(new DualWriteChange("dual", 30, [5], [6]), CancellationToken.None);
        await one.SetAsync(new DualWriteChange(null, 100), CancellationToken.None);
        await other.RefreshAsync(CancellationToken.None);
        Assert.Equal(("dual", 100), (other.Current.Mode, other.Current.ReadFromNewPercent));
        Assert.True(other.Current.ReadsLegacy(6));
        Assert.False(other.Current.ReadsLegacy(5));
        Assert.False(other.Current.OtherBreakerIsOpen);
    }

    [Fact]
    public async Task What_waits_is_dropped_once_the_legacy_database_is_retired_and_not_before()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(3);
        await LegacyOutbox.DropRetiredAsync(both.Orders, CancellationToken.None);
        Assert.Equal(3, (await LegacyOutbox.WaitingAsync(both.Orders, CancellationToken.None)).Pending);
        using var control = both.Control();
        await control.SetAsync(new DualWriteChange("retired"), CancellationToken.None);
        await LegacyOutbox.DropRetiredAsync(both.Orders, CancellationToken.None);
        Assert.Equal((0, 0), await LegacyOutbox.WaitingAsync(both.Orders, CancellationToken.None));
    }

    [Fact]
    public async Task The_number_of_waiting_changes_counts_orders_and_the_lag_is_that_of_the_oldest()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var ids = await both.PlaceAsync(5_000);
        Assert.True(await both.Store.TryCancelAsync(ids[0], CancellationToken.None));
        await both.OursAsync(
            "update legacy_outbox set created_at = now() - interval '90 seconds' where id = (select max(id) from legacy_outbox)");
        var (pending, lagSeconds) = await LegacyOutbox.WaitingAsync(both.Orders, CancellationToken.None);
        Assert.Equal(5_001, pending);
        Assert.InRange(lagSeconds, 90, 900);
    }

    [Fact]
    public void A_growing_share_moves_users_only_from_legacy_to_new_and_is_about_right()
    {
        var before = 10_000;
        foreach (var percent in new[] { 0, 1, 10, 50, 99, 100 })
        {
            var settings = DualWriteSettings.Off with { Mode = "dual", ReadFromNewPercent = percent };
            var legacy = Enumerable.Range(1, 10_000).Count(user => settings.ReadsLegacy(user));
            Assert.InRange(legacy, (100 - percent) * 100 - 200, (100 - percent) * 100 + 200);
            Assert.True(legacy <= before);
            before = legacy;
        }

        // The first outputs of splitmix64 for the seeds 1 and 2. Fixed for ever:
        // another hash would move users between the two in mid-migration.
        Assert.Equal([65, 10], new[] { DualWriteSettings.Bucket(1), DualWriteSettings.Bucket(2) });
    }

    [Fact]
    public async Task A_buyer_on_the_legacy_side_gets_the_legacy_row_and_ours_when_it_differs_or_is_gone()
    {
        await using var both = await TwoDatabases.CreateAsync("dual");
        await both.OursAsync("update dual_write_control set read_from_new_percent = 0");
        var id = (await both.PlaceAsync(1))[0];
        await both.DrainAsync();
        using var control = both.Control();
        await control.RefreshAsync(CancellationToken.None);
        using var reads = new LegacyReads(new LegacyStore(both.Legacy), both.Verification(), control, both.Breaker, both.Wrapped);
        var reservedAt = await both.OursAsync<DateTime>("select reserved_at from orders");
        var ours = new OrderView(id, "placed", 1, 7, 1, 1999, "EUR", reservedAt, reservedAt, reservedAt);
        Assert.Equal(ours, await reads.ReadAsync(ours, 1, CancellationToken.None));
        await both.TheirsAsync("update t_order set num = 2");
        Assert.Same(ours, await reads.ReadAsync(ours, 1, CancellationToken.None));
        await both.TheirsAsync("delete from t_order");
        Assert.Same(ours, await reads.ReadAsync(ours, 1, CancellationToken.None));
        await both.TheirsAsync("alter table t_order rename to gone");
        Assert.Same(ours, await reads.ReadAsync(ours, 1, CancellationToken.None));
    }

    [Fact]
    public async Task Batches_that_ask_nothing_do_not_make_failures_forgotten()
    {
        await using var both = await TwoDatabases.CreateAsync();
        both.Breaker.Failed();
        both.Breaker.Failed();
        for (var idle = 0; idle < 30; idle++)
        {
            Assert.Equal(0, await both.Batch().WriteAsync(CancellationToken.None));
        }

        both.Breaker.Failed();
        Assert.Equal(BreakerState.Open, both.Breaker.State);
    }

    [Fact]
    public async Task Two_processes_whose_breakers_are_open_both_close_them_though_no_buyer_asks()
    {
        await using var both = await TwoDatabases.CreateAsync("dual");
        await both.TheirsAsync("alter table t_order rename column uid to user_id");
        var processes = Enumerable.Range(0, 2).Select(_ => new Reader(both)).ToArray();
        try
        {
            foreach (var process in processes)
            {
                await process.StartAsync();
                process.Breaker.Failed();
                process.Breaker.Failed();
                process.Breaker.Failed();
                await process.Control.RefreshAsync(CancellationToken.None);
            }

            await processes[0].Control.RefreshAsync(CancellationToken.None);
            Assert.All(processes, process => Assert.True(process.Control.Current.OtherBreakerIsOpen));
            Assert.All(processes, process => Assert.NotEqual(BreakerState.Closed, process.Breaker.State));
            await both.TheirsAsync("alter table t_order rename column user_id to uid");
            await Eventually.IsTrueAsync(
                "both breakers are closed", () => processes.All(process => process.Breaker.State == BreakerState.Closed));
        }
        finally
        {
            foreach (var process in processes)
            {
                await process.DisposeAsync();
            }
        }
    }

    [Fact]
    public void The_breaker_opens_on_failures_and_on_mismatches_and_closes_after_good_probes()
    {
        var clock = new FakeTimeProvider();
        var options = Microsoft.Extensions.Options.Options.Create(new LegacyOptions());
        var breaker = new LegacyBreaker(options, clock);
        breaker.Succeeded(1_000, 49);
        Assert.True(breaker.TryEnter());
        breaker.Succeeded(500, 100);
        Assert.Equal(BreakerState.Open, breaker.State);
        Assert.False(breaker.TryEnter());
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.True(breaker.TryEnter());
        Assert.False(breaker.TryEnter());
        breaker.Succeeded(1, 0);
        Assert.Equal(BreakerState.HalfOpen, breaker.State);
        Assert.True(breaker.TryEnter());
        breaker.Succeeded(1, 0);
        Assert.Equal(BreakerState.Closed, breaker.State);
        breaker.Failed();
        breaker.Failed();
        Assert.True(breaker.TryEnter());
        breaker.Failed();
        Assert.False(breaker.TryEnter());
    }

    /// <summary>What an API process has of the dual write.</summary>
    private sealed class Reader(TwoDatabases both) : IAsyncDisposable
    {
        private LegacyReads? _reads;

        public LegacyBreaker Breaker { get; } = new(both.Wrapped, TimeProvider.System);

        public DualWriteControl Control { get; private set; } = null!;

        public async Task StartAsync()
        {
            Control = new DualWriteControl(both.Orders, both.Legacy, Breaker, TimeProvider.System, NullLogger<DualWriteControl>.Instance);
            await Control.RefreshAsync(CancellationToken.None);
            _reads = new LegacyReads(new LegacyStore(both.Legacy), both.Verification(), Control, Breaker, both.Wrapped);
            await _reads.StartAsync(CancellationToken.None);
        }

        public async ValueTask DisposeAsync()
        {
            await (_reads?.StopAsync(CancellationToken.None) ?? Task.CompletedTask);
            _reads?.Dispose();
            Control.Dispose();
        }
    }
}
