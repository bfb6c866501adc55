using Microsoft.Extensions.Time.Testing;
using Seckill.InventoryService.Dashboard;
using Seckill.Shared.Telemetry;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>Rates are made of what processes counted; a process that is silent has none.</summary>
public sealed class HeartbeatBoardTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly HeartbeatBoard _board;

    public HeartbeatBoardTests() => _board = new HeartbeatBoard(Servers.Redis, _clock);

    [Fact]
    public void Rates_of_all_processes_add_up_by_their_own_clocks()
    {
        _board.Hear(Of("a", 1_000, reserved: 100, soldOut: 0));
        _board.Hear(Of("a", 3_000, reserved: 300, soldOut: 50));
        _board.Hear(Of("b", 9_000, reserved: 0, soldOut: 0));
        _board.Hear(Of("b", 10_000, reserved: 7, soldOut: 5));
        var traffic = _board.Read();
        Assert.Equal((107, 2, 0), (traffic.Accepted, traffic.Apis, traffic.Workers));
        Assert.Equal([new RefusalRate("sold-out", 30, Tone.Fine)], traffic.Refused);
    }

    [Fact]
    public void A_lost_heartbeat_changes_no_rate_and_a_late_one_is_ignored()
    {
        _board.Hear(Of("a", 1_000, reserved: 100, soldOut: 0));
        _board.Hear(Of("a", 5_000, reserved: 500, soldOut: 0));
        _board.Hear(Of("a", 4_000, reserved: 400, soldOut: 0));
        Assert.Equal(100, _board.Read().Accepted);
    }

    [Fact]
    public void A_silent_process_is_gone_and_its_rate_with_it()
    {
        _board.Hear(Of("a", 1_000, reserved: 0, soldOut: 0));
        _board.Hear(Of("a", 2_000, reserved: 500, soldOut: 0));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((500, 1), (_board.Read().Accepted, _board.Read().Apis));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((0, 0), (_board.Read().Accepted, _board.Read().Apis));
    }

    [Fact]
    public void The_first_heartbeat_of_a_process_says_that_it_lives_and_nothing_of_rates()
    {
        _board.Hear(Of("a", 60_000, reserved: 1_000_000, soldOut: 0));
        Assert.Equal((0, 1), (_board.Read().Accepted, _board.Read().Apis));
    }

    [Fact]
    public void A_refusal_that_is_ours_is_broken_and_one_of_the_sale_is_not()
    {
        _board.Hear(new Heartbeat("a", "api", 1_000, 0, new Dictionary<string, long>(), 0, new long[Heartbeat.Bounds.Count + 1]));
        _board.Hear(new Heartbeat(
            "a", "api", 2_000, 0, new Dictionary<string, long> { ["limit-reached"] = 3, ["outbox-full"] = 2, ["no-answer"] = 1 }, 0,
            new long[Heartbeat.Bounds.Count + 1]));
        Assert.Equal(
            [("limit-reached", Tone.Fine), ("outbox-full", Tone.Broken), ("no-answer", Tone.Broken)],
            _board.Read().Refused.Select(refusal => (refusal.Reason, refusal.Tone)));
    }

    [Fact]
    public void Clicks_are_counted_by_sale_and_a_sale_that_was_not_named_before_has_no_rate_yet()
    {
        _board.Hear(Of("a", 1_000, 0, 0) with { Clicks = new Dictionary<string, long> { ["1"] = 100, ["9007199254740993"] = 5 } });
        _board.Hear(Of("a", 3_000, 0, 0) with
        {
            Clicks = new Dictionary<string, long> { ["1"] = 104, ["9007199254740993"] = 2_005, ["3"] = 9_000 },
        });
        // A process of another version.
        _board.Hear(Of("b", 1_000, 0, 0));
        _board.Hear(Of("b", 2_000, 0, 0));
        Assert.Equal([new SaleRate(9_007_199_254_740_993, 1_000), new SaleRate(1, 2)], _board.Read().Sales);
    }

    [Fact]
    public void The_line_of_the_load_says_who_is_refused_and_what_is_scarce()
    {
        _board.Hear(Of("a", 1_000, 0, 0) with { Shed = new Dictionary<string, long> { ["new-click burst"] = 100 } });
        Assert.Null(_board.Read().Shed);
        _board.Hear(Of("a", 3_000, 0, 0) with
        {
            Shed = new Dictionary<string, long> { ["new-click burst"] = 100, ["new-click queue-wait"] = 4_000, ["sale-page cpu-wait"] = 2 },
        });
        // A process of another version.
        _board.Hear(Of("b", 1_000, 0, 0));
        _board.Hear(Of("b", 2_000, 0, 0));
        Assert.Equal(
            "More come than can be served. Refused a second: 1 sale page, 2,000 new clicks. "
            + "Scarce: clicks wait for Redis; work waits for a processor.",
            _board.Read().Shed);
    }

    [Fact]
    public void Quantiles_lie_within_the_bounds_that_were_counted()
    {
        var counts = new double[Heartbeat.Bounds.Count + 1];
        Assert.Null(HeartbeatBoard.Quantile(counts, 0.5));
        // 99 answers of 2 to 3 ms, and one of more than the last bound.
        counts[Heartbeat.Bounds.ToList().IndexOf(3)] = 99;
        counts[^1] = 1;
        Assert.InRange(HeartbeatBoard.Quantile(counts, 0.5)!.Value, 2.4, 2.6);
        Assert.Equal(3, HeartbeatBoard.Quantile(counts, 0.99)!.Value, 3);
        Assert.Equal(Heartbeat.Bounds[^1], HeartbeatBoard.Quantile(counts, 1));
    }

    private static Heartbeat Of(string instance, long uptime, long reserved, long soldOut) => new(
        instance, "api", uptime, 0, new Dictionary<string, long> { ["reserved"] = reserved, ["sold-out"] = soldOut }, 0,
        new long[Heartbeat.Bounds.Count + 1]);
}
