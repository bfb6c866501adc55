using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.LegacyOrders;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Reading;
using Seckill.OrderService.LegacyOrders.Verification;
using Seckill.OrderService.Orders;
using Seckill.Shared.Schema;
using Seckill.Tests.Harness;

namespace Seckill.OrderService.Tests.LegacyOrders.Control;

/// <summary>
/// Modes, who reads where, and the breaker: they keep a bad legacy database from harming a sale. Broken by processes that follow different
/// modes, by a share that moves users back, and by a breaker that stays open, forgets failures or opens without saying why.
/// </summary>
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
        await one.SetAsync(new DualWriteChange(DualWriteMode.Dual, 30, [5], [6]), CancellationToken.None);
        await one.SetAsync(new DualWriteChange(null, 100), CancellationToken.None);
        await other.RefreshAsync(CancellationToken.None);
        Assert.Equal((DualWriteMode.Dual, 100), (other.Current.Mode, other.Current.ReadFromNewPercent));
        Assert.True(other.Current.ReadsLegacy(6));
        Assert.False(other.Current.ReadsLegacy(5));
        Assert.False(other.Current.OtherBreakerIsOpen);
    }

    // Two processes ask each second. At a cost of 100,000 PostgreSQL compiles the statement first, which takes seconds of a core.
    [Fact]
    public async Task The_state_costs_little_in_a_database_that_was_never_analyzed()
    {
        await using var both = await TwoDatabases.CreateAsync("off");
        await using var command = both.Orders.CreateCommand("explain (format json) " + DualWriteState.Statement);
        var plan = JsonDocument.Parse((string)(await command.ExecuteScalarAsync())!).RootElement[0].GetProperty("Plan");
        Assert.InRange(plan.GetProperty("Total Cost").GetDouble(), 0, 10_000);
    }

    [Fact]
    public async Task What_waits_is_dropped_once_the_legacy_database_is_retired_and_not_before()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(3);
        await LegacyOutbox.DropRetiredAsync(both.Orders, CancellationToken.None);
        Assert.Equal(3, (await DualWriteState.ReadAsync(both.Orders, CancellationToken.None)).Pending);
        using var control = both.Control();
        await control.SetAsync(new DualWriteChange(DualWriteMode.Retired), CancellationToken.None);
        await LegacyOutbox.DropRetiredAsync(both.Orders, CancellationToken.None);
        var state = await DualWriteState.ReadAsync(both.Orders, CancellationToken.None);
        Assert.Equal((0, 0), (state.Pending, state.LagSeconds));
    }

    [Fact]
    public async Task The_number_of_waiting_changes_counts_orders_and_the_lag_is_that_of_the_oldest()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var ids = await both.PlaceAsync(5_000);
        Assert.True(await both.Closing.TryCancelAsync(ids[0], CancellationToken.None));
        await both.InOrdersAsync(
            "update legacy_outbox set created_at = now() - interval '90 seconds' where id = (select max(id) from legacy_outbox)");
        var state = await DualWriteState.ReadAsync(both.Orders, CancellationToken.None);
        Assert.Equal(5_001, state.Pending);
        Assert.InRange(state.LagSeconds, 90, 900);
    }

    [Fact]
    public void A_growing_share_moves_users_only_from_legacy_to_new_and_is_about_right()
    {
        var before = 10_000;
        foreach (var percent in new[] { 0, 1, 10, 50, 99, 100 })
        {
            var settings = new DualWriteSettings { Mode = DualWriteMode.Dual, ReadFromNewPercent = percent };
            var legacy = Enumerable.Range(1, 10_000).Count(user => settings.ReadsLegacy(user));
            Assert.InRange(legacy, (100 - percent) * 100 - 200, (100 - percent) * 100 + 200);
            Assert.True(legacy <= before);
            before = legacy;
        }

        // The first outputs of splitmix64 for the seeds 1 and 2. Another hash would move users in mid-migration.
        Assert.Equal([65, 10], new[] { DualWriteSettings.Bucket(1), DualWriteSettings.Bucket(2) });
    }

    [Fact]
    public async Task A_buyer_on_the_legacy_side_gets_the_legacy_row_and_the_new_one_when_it_differs_or_is_gone()
    {
        await using var both = await TwoDatabases.CreateAsync("dual");
        await both.InOrdersAsync("update dual_write_control set read_from_new_percent = 0");
        var id = (await both.PlaceAsync(1))[0];
        await both.DrainAsync();
        using var control = both.Control();
        await control.RefreshAsync(CancellationToken.None);
        using var secondLook = new SecondLook(both.Verification(), both.Breaker, TimeProvider.System);
        var reads = new LegacyReads(new LegacyStore(both.Legacy), secondLook, control, both.Breaker, both.Wrapped);
        var reservedAt = await both.InOrdersAsync<DateTime>("select reserved_at from orders");
        var order = new OrderView(id, OrderStatus.Placed, 1, 7, 1, 1999, "EUR", reservedAt, reservedAt, reservedAt);
        Assert.Equal(order, await reads.ReadAsync(order, 1, CancellationToken.None));
        await both.InLegacyAsync("update t_order set num = 2");
        Assert.Same(order, await reads.ReadAsync(order, 1, CancellationToken.None));
        await both.InLegacyAsync("delete from t_order");
        Assert.Same(order, await reads.ReadAsync(order, 1, CancellationToken.None));
        await both.InLegacyAsync("alter table t_order rename to gone");
        Assert.Same(order, await reads.ReadAsync(order, 1, CancellationToken.None));
    }

    [Fact]
    public async Task Batches_without_a_call_do_not_push_failures_out_of_the_window()
    {
        await using var both = await TwoDatabases.CreateAsync();
        both.Breaker.Failed("it is slow");
        both.Breaker.Failed("it is slow");
        for (var idle = 0; idle < 30; idle++)
        {
            Assert.Equal(0, await both.Batch().WriteAsync(CancellationToken.None));
        }

        both.Breaker.Failed("it is slow");
        Assert.Equal(BreakerState.Open, both.Breaker.State);
    }

    [Fact]
    public async Task Two_processes_whose_breakers_are_open_both_close_them_though_no_buyer_asks()
    {
        await using var both = await TwoDatabases.CreateAsync("dual");
        await both.InLegacyAsync("alter table t_order rename column uid to user_id");
        var processes = Enumerable.Range(0, 2).Select(_ => new Reader(both)).ToArray();
        try
        {
            foreach (var process in processes)
            {
                await process.StartAsync();
                process.Breaker.Failed("it is slow");
                process.Breaker.Failed("it is slow");
                process.Breaker.Failed("it is slow");
                await process.Control.RefreshAsync(CancellationToken.None);
            }

            await processes[0].Control.RefreshAsync(CancellationToken.None);
            Assert.All(processes, process => Assert.True(process.Control.Current.OtherBreakerIsOpen));
            Assert.All(processes, process => Assert.NotEqual(BreakerState.Closed, process.Breaker.State));
            await both.InLegacyAsync("alter table t_order rename column user_id to uid");
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
        var breaker = NewBreaker(clock);
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
        breaker.Failed("it is slow");
        breaker.Failed("it is slow");
        Assert.True(breaker.TryEnter());
        breaker.Failed("it is slow");
        Assert.False(breaker.TryEnter());
    }

    [Fact]
    public void A_change_of_the_breaker_is_logged_once_with_its_cause()
    {
        var clock = new FakeTimeProvider();
        var log = new RecordedLog<LegacyBreaker>();
        var breaker = NewBreaker(clock, log);
        breaker.Succeeded(10, 0);
        for (var call = 0; call < 5; call++)
        {
            breaker.Failed("it is slow");
        }

        Assert.Equal("3 of the last 4 calls failed: it is slow", breaker.Cause);
        foreach (var reason in new[] { "it is slow", "it is slow", "it is down" })
        {
            Probe();
            breaker.Failed(reason);
        }

        Assert.Equal("a probe failed: it is down", breaker.Cause);
        Probe();
        breaker.Succeeded(0, 0);
        Probe();
        breaker.Succeeded(0, 0);
        Assert.Null(breaker.Cause);
        breaker.Succeeded(400, 10);
        breaker.Succeeded(100, 20);
        const string consequence = ". Changes wait in the legacy outbox; all buyers read the new schema.";
        Assert.Equal(
            [
                (LogLevel.Warning, "Legacy breaker is open: 3 of the last 4 calls failed: it is slow" + consequence),
                (LogLevel.Warning, "Legacy breaker is open: a probe failed: it is down" + consequence),
                (LogLevel.Information, "Legacy breaker is closed: 2 probes succeeded. It was open for 10.0 s."),
                (LogLevel.Warning, "Legacy breaker is open: 30 of the last 500 verified orders differ" + consequence),
            ],
            log.Lines.Where(line => line.Level > LogLevel.Debug));
        Assert.Equal(2, log.Lines.Count(line => line.Text == "Legacy breaker is open again: a probe failed: it is slow."));
        Assert.Equal(4, log.Lines.Count(line => line.Text == "Legacy breaker is half-open: a probe is sent."));

        void Probe()
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            Assert.True(breaker.TryEnter());
        }
    }

    [Fact]
    public void JSON_and_columns_keep_their_words_whatever_the_code_calls_them()
    {
        Assert.Equal(["off", "shadow", "dual", "retired"], EnumText<DualWriteMode>.All);
        Assert.Equal(["closed", "open", "half-open"], EnumText<BreakerState>.All);
        Assert.Equal(["missing", "extra", "different", "unrepresentable"], EnumText<DiscrepancyClass>.All);
        Assert.Equal(["ours", "theirs"], EnumText<VerifierPhase>.All);
        Assert.Null(EnumText<DualWriteMode>.Find("Dual"));
        Assert.Equal(
            """
            {"mode":"dual","readFromNewPercent":1,"pending":2,"verified":3,"mismatched":4,"missing":5,"lagSeconds":6,"breaker":"half-open"}
            """,
            JsonSerializer.Serialize(
                new DualWriteView(DualWriteMode.Dual, 1, 2, 3, 4, 5, 6, BreakerState.HalfOpen), DualWriteJson.Default.DualWriteView));
        Assert.Contains("\"phase\":\"theirs\"", JsonSerializer.Serialize(
            new VerifierView(1, VerifierPhase.LegacyRows, 2, 3, default, null, null), DualWriteJson.Default.VerifierView));
        Assert.StartsWith("{\"state\":\"running\",", JsonSerializer.Serialize(
            new BackfillView(BackfillState.Running, 1, 2, null, null), DualWriteJson.Default.BackfillView));
        Assert.StartsWith(
            """[{"id":1,"orderId":"a","class":"different","field":"num","ours":"1","theirs":"2",""",
            JsonSerializer.Serialize(
                [new Discrepancy(1, "a", DiscrepancyClass.Different, "num", "1", "2", default, null)],
                DualWriteJson.Default.IReadOnlyListDiscrepancy));
        Assert.EndsWith("""{"id":1,"orderId":"a","class":"missing","field":"","action":"rewrite","resolved":false}]}""",
            JsonSerializer.Serialize(
                new RepairAnswer(true, [new RepairedDiscrepancy(1, "a", DiscrepancyClass.Missing, "", RepairAction.Rewrite, false)]),
                DualWriteJson.Default.RepairAnswer));
    }

    private static LegacyBreaker NewBreaker(TimeProvider clock, ILogger<LegacyBreaker>? log = null) => new(
        Microsoft.Extensions.Options.Options.Create(new LegacyOptions()), clock, log ?? NullLogger<LegacyBreaker>.Instance);

    /// <summary>The dual write of an API process.</summary>
    private sealed class Reader(TwoDatabases both) : IAsyncDisposable
    {
        private BreakerProbe? _probe;

        public LegacyBreaker Breaker { get; } = NewBreaker(TimeProvider.System);

        public DualWriteControl Control { get; private set; } = null!;

        public async Task StartAsync()
        {
            Control = new DualWriteControl(both.Orders, both.Legacy, Breaker, TimeProvider.System, NullLogger<DualWriteControl>.Instance);
            await Control.RefreshAsync(CancellationToken.None);
            _probe = new BreakerProbe(new LegacyStore(both.Legacy), Control, Breaker, TimeProvider.System);
            await _probe.StartAsync(CancellationToken.None);
        }

        public async ValueTask DisposeAsync()
        {
            await (_probe?.StopAsync(CancellationToken.None) ?? Task.CompletedTask);
            _probe?.Dispose();
            Control.Dispose();
        }
    }
}
