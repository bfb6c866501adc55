using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.WaitingRoom;

namespace Seckill.OrderService.Tests.WaitingRoom;

/// <summary>Promise: a rush makes places dearer, and no solution worthless. Broken by a rise that is required at once, or stays.</summary>
public sealed class WorkDemandTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly WorkDemand _demand;

    public WorkDemandTests() => _demand = new(calmPerSecond: 100, _clock);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(100, 0)]
    [InlineData(101, 1)]
    [InlineData(200, 1)]
    [InlineData(201, 2)]
    [InlineData(400, 2)]
    [InlineData(401, 3)]
    [InlineData(1_000_000, WorkDemand.MaximumRise)]
    public void Each_doubling_is_a_bit(int registrations, int bits)
    {
        PassSecond(registrations);
        Assert.Equal((bits, 0), _demand.Rise);
    }

    [Fact]
    public void A_rise_is_required_when_it_has_lasted_and_ends_with_the_rush()
    {
        for (var second = 0; second < 29; second++)
        {
            PassSecond(300);
            Assert.Equal((2, 0), _demand.Rise);
        }

        PassSecond(150);
        Assert.Equal((1, 1), _demand.Rise);
        PassSecond(300);
        Assert.Equal((2, 1), _demand.Rise);
        PassSecond(0);
        Assert.Equal((0, 0), _demand.Rise);
    }

    [Fact]
    public void Seconds_in_which_nothing_came_are_calm_however_many_they_are()
    {
        foreach (var pause in (int[])[2, 29, 30, 31, 32, 33, 1_000_000])
        {
            for (var second = 0; second < 31; second++)
            {
                PassSecond(300);
            }

            Assert.Equal((2, 2), _demand.Rise);
            _clock.Advance(TimeSpan.FromSeconds(pause));
            Assert.Equal((0, 0), _demand.Rise);
        }
    }

    private void PassSecond(int registrations)
    {
        for (var i = 0; i < registrations; i++)
        {
            _demand.Count();
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
    }
}
