using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Tests;

/// <summary>The plan of an open loop: how many visitors are due at each moment.</summary>
public sealed class ArrivalsTests
{
    [Fact]
    public void A_constant_rate_brings_that_many_each_second()
    {
        var arrivals = new Arrivals([new Phase(1_000, 1_000, 10)]);
        Assert.Equal((0, 1, 1_000, 10_000), (arrivals.CountBy(0), arrivals.CountBy(0.001), arrivals.CountBy(1), arrivals.Count));
    }

    [Fact]
    public void A_ramp_brings_the_mean_of_its_ends() =>
        Assert.Equal((250, 1_000), (new Arrivals([new Phase(0, 200, 10)]).CountBy(5), new Arrivals([new Phase(0, 200, 10)]).Count));

    [Fact]
    public void Phases_follow_one_another_and_nobody_comes_after_the_last()
    {
        var arrivals = new Arrivals([new Phase(100, 100, 2), new Phase(100, 0, 2), new Phase(10, 10, 1)]);
        Assert.Equal([200, 275, 300, 310, 310], new double[] { 2, 3, 4, 5, 99 }.Select(arrivals.CountBy));
    }
}
