using Microsoft.Extensions.ObjectPool;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>
/// A pooled request that is decided by a leftover of its last use tells a buyer somebody else's answer. So the claim carries a
/// version, the last of two parties returns the object, and a debug build stops at any misuse.
/// </summary>
public sealed class ReservationTests
{
    private static readonly ReservationResult s_reserved = new(ReserveOutcome.Reserved) { OrderId = "mine" };
    private static readonly ReservationResult s_unknown = new(ReserveOutcome.Unknown);
    private readonly CountingPool _pool = new();
    private readonly Reservation _reservation;

    public ReservationTests()
    {
        _reservation = new Reservation(_pool);
        _reservation.Start(7, 1, "key");
    }

    [Fact]
    public async Task The_first_decision_counts()
    {
        var waiting = _reservation.WaitAsync(default);
        Assert.True(_reservation.TryDecide(s_reserved));
        Assert.False(_reservation.TryDecide(s_unknown));
        Assert.Equal("mine", (await waiting).OrderId);
    }

    [Fact]
    public async Task Of_many_who_decide_at_once_one_does()
    {
        for (var i = 0; i < 1_000; i++)
        {
            var waiting = _reservation.WaitAsync(default);
            var decided = await Task.WhenAll(
                Task.Run(() => _reservation.TryDecide(s_reserved)), Task.Run(() => _reservation.TryDecide(s_unknown)));
            Assert.Single(decided, won => won);
            Assert.Equal(decided[0] ? ReserveOutcome.Reserved : ReserveOutcome.Unknown, (await waiting).Outcome);
            _reservation.LeaveQueue();
            _reservation.Start(7, 1, null);
        }
    }

    [Fact]
    public async Task The_last_of_both_parties_returns_it()
    {
        var first = _reservation.WaitAsync(default);
        _reservation.TryDecide(s_reserved);
        _reservation.LeaveQueue();
        Assert.Equal(0, _pool.Returned);
        await first;
        Assert.Equal(1, _pool.Returned);

        _reservation.Start(8, 1, null);
        var second = _reservation.WaitAsync(default);
        _reservation.TryDecide(s_unknown);
        await second;
        Assert.Equal(1, _pool.Returned);
        _reservation.LeaveQueue();
        Assert.Equal(2, _pool.Returned);
    }

    [Fact]
    public async Task A_stale_version_never_decides_the_next_use()
    {
        var stale = _reservation.Version;
        var waiting = _reservation.WaitAsync(default);
        _reservation.TryDecide(s_reserved);
        await waiting;
        _reservation.LeaveQueue();
        _reservation.Start(8, 1, null);
        var next = _reservation.WaitAsync(default);
        Assert.NotEqual(stale, _reservation.Version);
        Assert.False(_reservation.TryDecide(stale, s_unknown));
        Assert.False(_reservation.IsDecided);
        Assert.True(_reservation.TryDecide(s_reserved));
        Assert.Equal(ReserveOutcome.Reserved, (await next).Outcome);
    }

    [Fact]
    public async Task A_late_decision_between_two_uses_is_ignored()
    {
        var version = _reservation.Version;
        var waiting = _reservation.WaitAsync(default);
        _reservation.TryDecide(s_reserved);
        await waiting;
        _reservation.LeaveQueue();
        Assert.False(_reservation.TryDecide(version, s_unknown));
    }

    [Fact]
    public async Task Every_use_has_a_fresh_suffix_and_version()
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < 70_000; i++)
        {
            // More often than there are versions: they come round, and must not confuse the object.
            Assert.True(seen.Add(Convert.ToHexString(_reservation.Suffix)));
            Assert.False(_reservation.IsDecided);
            var waiting = _reservation.WaitAsync(default);
            Assert.True(_reservation.TryDecide(s_reserved));
            Assert.True(_reservation.IsDecided);
            await waiting;
            _reservation.LeaveQueue();
            _reservation.Start(7, 1, null);
        }
    }

    [Fact]
    public async Task A_buyer_who_leaves_gets_an_unknown_outcome()
    {
        using var leaving = new CancellationTokenSource();
        var waiting = _reservation.WaitAsync(leaving.Token);
        await leaving.CancelAsync();
        Assert.False(_reservation.TryDecide(s_reserved));
        Assert.Equal(ReserveOutcome.Unknown, (await waiting).Outcome);
    }

    [Fact]
    public async Task A_buyer_who_has_left_before_it_begins_gets_an_unknown_outcome()
    {
        var waiting = _reservation.WaitAsync(new CancellationToken(canceled: true));
        Assert.True(_reservation.IsDecided);
        Assert.Equal(ReserveOutcome.Unknown, (await waiting).Outcome);
    }

    [Fact]
    public async Task A_cancellation_after_the_answer_does_not_reach_the_next_use()
    {
        using var leaving = new CancellationTokenSource();
        var waiting = _reservation.WaitAsync(leaving.Token);
        _reservation.TryDecide(s_reserved);
        await waiting;
        _reservation.LeaveQueue();
        _reservation.Start(8, 1, null);
        var next = _reservation.WaitAsync(default);
        await leaving.CancelAsync();
        Assert.False(_reservation.IsDecided);
        _reservation.TryDecide(s_reserved);
        Assert.Equal(ReserveOutcome.Reserved, (await next).Outcome);
    }

#if DEBUG
    [Fact]
    public async Task Misuse_stops_at_its_cause()
    {
        AssertMisuse("started while", () => _reservation.Start(8, 1, null));
        var waiting = _reservation.WaitAsync(default);
        _reservation.TryDecide(s_reserved);
        await waiting;
        _reservation.LeaveQueue();
        AssertMisuse("used after", _reservation.LeaveQueue);
        Assert.Equal(1, _pool.Returned);
    }

    [Fact]
    public async Task A_result_is_awaited_once()
    {
        var waiting = _reservation.WaitAsync(default);
        _reservation.TryDecide(s_reserved);
        _reservation.LeaveQueue();
        await waiting;
#pragma warning disable CA2012 // The misuse is the test.
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await waiting);
#pragma warning restore CA2012
        Assert.Equal(1, _pool.Returned);
    }

    private static void AssertMisuse(string what, Action misuse) =>
        Assert.Contains(what, Assert.Throws<InvalidOperationException>(misuse).Message, StringComparison.Ordinal);
#else
    [Fact]
    public void The_guard_against_misuse_is_tested_in_debug_builds() =>
        Assert.Fail("These tests must run in a Debug build: the guard is not there in a Release build.");
#endif

    private sealed class CountingPool : ObjectPool<Reservation>
    {
        public int Returned { get; private set; }

        public override Reservation Get() => throw new NotSupportedException();

        public override void Return(Reservation obj) => Returned++;
    }
}
