using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>
/// The gate answers most clicks of a sale without asking anybody. Each rule bounds how wrong that may be: probes, at most a second
/// of staleness, never to a buyer. A clock that stands still makes the bounds exact.
/// </summary>
public sealed class SoldOutGateTests
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);
    private readonly FakeTimeProvider _clock = new();
    private readonly SoldOutGate _gate;

    public SoldOutGateTests() => _gate = new SoldOutGate(s_interval, _clock);

    [Fact]
    public void An_open_gate_refuses_nobody() => Assert.False(_gate.Refuses(1));

    [Fact]
    public void A_gate_that_does_not_know_the_buyers_yet_refuses_nobody()
    {
        _gate.Close(_clock.GetTimestamp());
        Assert.False(_gate.Refuses(1));
    }

    [Fact]
    public void A_closed_gate_refuses_all_but_one_probe_in_each_interval()
    {
        Close();
        for (var interval = 0; interval < 4; interval++)
        {
            Assert.Equal(99, Enumerable.Range(1, 100).Count(user => _gate.Refuses(user)));
            _clock.Advance(s_interval - TimeSpan.FromMilliseconds(1));
            Assert.True(_gate.Refuses(1));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Close();
        }
    }

    [Fact]
    public void A_buyer_is_never_refused()
    {
        Close(buyers: [5, long.MaxValue]);
        Assert.Equal(0, Enumerable.Range(0, 100).Count(_ => _gate.Refuses(5) || _gate.Refuses(long.MaxValue)));
        Assert.False(_gate.Refuses(6));
        Assert.True(_gate.Refuses(6));
    }

    [Fact]
    public void Nothing_is_refused_on_knowledge_that_is_a_second_old()
    {
        Close();
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(_gate.Refuses(1));
        Assert.True(_gate.Refuses(1));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, Enumerable.Range(1, 100).Count(user => _gate.Refuses(user)));
    }

    [Fact]
    public void A_fresh_reply_extends_the_knowledge()
    {
        Close();
        _clock.Advance(TimeSpan.FromMilliseconds(900));
        Close();
        _clock.Advance(TimeSpan.FromMilliseconds(900));
        Assert.False(_gate.Refuses(1));
        Assert.True(_gate.Refuses(1));
    }

    [Fact]
    public void Knowledge_is_as_old_as_the_question_and_not_as_the_answer()
    {
        var asked = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        CloseAsOf(asked);
        Assert.False(_gate.Refuses(1));
        Assert.True(_gate.Refuses(1));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_gate.Refuses(1));
        Assert.False(_gate.Refuses(1));
    }

    [Fact]
    public void A_stale_reply_does_not_make_the_knowledge_older_or_younger()
    {
        var before = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromMilliseconds(500));
        Close();
        CloseAsOf(before);
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(_gate.Refuses(1));
        Assert.True(_gate.Refuses(1));
        CloseAsOf(before);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_gate.Refuses(1));
        Assert.False(_gate.Refuses(1));
    }

    [Fact]
    public void News_of_stock_opens_the_gate_at_once()
    {
        Close();
        Assert.False(_gate.Refuses(1));
        Assert.True(_gate.Refuses(1));
        _gate.Open();
        Assert.Equal(0, Enumerable.Range(1, 100).Count(user => _gate.Refuses(user)));
    }

    [Fact]
    public void Buyers_that_were_read_for_an_opened_gate_do_not_close_it()
    {
        _gate.Close(_clock.GetTimestamp());
        var late = _gate.Current!;
        _gate.Open();
        late.Complete(new UserFilter(0));
        Assert.False(_gate.Refuses(1));
        Assert.False(_gate.Refuses(1));
    }

    [Fact]
    public async Task One_of_many_threads_gets_the_probe()
    {
        Close();
        var passed = await Task.WhenAll(Enumerable.Range(1, 8).Select(thread => Task.Run(
            () => Enumerable.Range(0, 10_000).Count(_ => !_gate.Refuses(thread)))));
        Assert.Equal(1, passed.Sum());
    }

    private void Close(params long[] buyers) => CloseAsOf(_clock.GetTimestamp(), buyers);

    private void CloseAsOf(long askedAt, params long[] buyers)
    {
        var filter = new UserFilter(100);
        Array.ForEach(buyers, filter.Add);
        _gate.Close(askedAt);
        _gate.Current?.Complete(filter);
    }
}
