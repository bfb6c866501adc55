using System.Net;
using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.Storefront;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>A burst, then a rate, for each user alone: without a server, by a clock that stands still until it is moved.</summary>
public sealed class RateLimitArithmeticTests
{
    private readonly FakeTimeProvider _clock = new();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 1)]
    [InlineData(100, 20)]
    [InlineData(3, 1_000)]
    [InlineData(1_000_000, 1)]
    public void A_burst_is_let_in_and_not_one_more(int burst, int perSecond)
    {
        var limit = new RateLimit(burst, perSecond, _clock);
        Assert.Equal(burst, Enumerable.Range(0, burst + 10).Count(_ => limit.TryAcquire(7)));
    }

    [Fact]
    public void Afterwards_one_more_is_let_in_for_each_interval_that_passes()
    {
        var limit = new RateLimit(burst: 5, perSecond: 4, _clock);
        Exhaust(limit, 7);
        _clock.Advance(TimeSpan.FromMilliseconds(249));
        Assert.False(limit.TryAcquire(7));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(limit.TryAcquire(7));
        Assert.False(limit.TryAcquire(7));
        _clock.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(2, Enumerable.Range(0, 5).Count(_ => limit.TryAcquire(7)));
    }

    [Fact]
    public void Whoever_was_quiet_has_the_burst_again_and_no_more()
    {
        var limit = new RateLimit(burst: 5, perSecond: 4, _clock);
        Exhaust(limit, 7);
        _clock.Advance(TimeSpan.FromDays(3));
        Assert.Equal(5, Enumerable.Range(0, 20).Count(_ => limit.TryAcquire(7)));
    }

    [Fact]
    public void A_refused_request_costs_nothing()
    {
        var limit = new RateLimit(burst: 1, perSecond: 1, _clock);
        Exhaust(limit, 7);
        for (var i = 0; i < 100; i++)
        {
            Assert.False(limit.TryAcquire(7));
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(limit.TryAcquire(7));
    }

    [Fact]
    public void A_request_may_count_as_several()
    {
        var limit = new RateLimit(burst: 10, perSecond: 1, _clock);
        Assert.True(limit.TryAcquire(7, cost: 6));
        Assert.False(limit.TryAcquire(7, cost: 5));
        Assert.True(limit.TryAcquire(7, cost: 4));
        Assert.False(limit.TryAcquire(7));
        // More than a burst is let in when the whole burst is there, and takes it.
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(limit.TryAcquire(7, cost: 1_000));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(limit.TryAcquire(7, cost: 1_000));
        Assert.False(limit.TryAcquire(7));
    }

    [Fact]
    public void A_million_users_do_not_take_from_each_other()
    {
        var limit = new RateLimit(burst: 2, perSecond: 1, _clock);
        Exhaust(limit, 7);
        var refused = Enumerable.Range(1_000, 1_000_000).Count(user => !limit.TryAcquire(user));
        // Strangers that count as one are rarer than one in ten thousand here, and have a burst of two between them.
        Assert.InRange(refused, 0, 10);
    }

    [Fact]
    public void Addresses_of_both_families_are_told_apart()
    {
        var limit = new RateLimit(burst: 1, perSecond: 1, _clock);
        string[] addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1", "2001:db8:1::1", "c000:201::1", "::1"];
        Assert.All(addresses, address => Assert.True(limit.TryAcquire(IPAddress.Parse(address))));
        Assert.All(addresses, address => Assert.False(limit.TryAcquire(IPAddress.Parse(address))));
    }

    /// <summary>A subscriber of a provider has 2⁶⁴ addresses; one count for each would be no limit.</summary>
    [Theory]
    [InlineData("2001:db8::1", "2001:db8::ffff:2")]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1")]
    public void One_subscriber_is_one_address(string first, string second)
    {
        var limit = new RateLimit(burst: 1, perSecond: 1, _clock);
        Assert.True(limit.TryAcquire(IPAddress.Parse(first)));
        Assert.False(limit.TryAcquire(IPAddress.Parse(second)));
    }

    [Fact]
    public async Task Many_requests_at_the_same_instant_get_one_burst()
    {
        var limit = new RateLimit(burst: 500, perSecond: 1, _clock);
        var counts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => Enumerable.Range(0, 1_000).Count(_ => limit.TryAcquire(7))))).InTime();
        Assert.Equal(500, counts.Sum());
    }

    [Fact]
    public void The_most_generous_settings_never_refuse()
    {
        var limit = new RateLimit(1_000_000_000, 1_000_000_000, _clock);
        Assert.DoesNotContain(false, Enumerable.Range(0, 10_000).Select(_ => limit.TryAcquire(7)));
    }

    private static void Exhaust(RateLimit limit, long user)
    {
        while (limit.TryAcquire(user))
        {
        }
    }
}
