using System.Diagnostics;
using NBomber.StandIn;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.NBomber;

namespace Seckill.LoadTests.Tests.NBomber;

/// <summary>
/// Promise: NBomber sends as many visitors as the scenario plans, in each second. Broken by a rate that is rounded to whole visitors of
/// an interval (105/s sent 100/s, 0.4/s sent none), and by a phase that is stretched to a second (rush brought 18 % too many).
/// </summary>
public sealed class ArrivalPlanTests
{
    [Theory]
    [InlineData(105, 10)]
    [InlineData(0.4, 5)]
    [InlineData(0.4, 2)]
    [InlineData(1_250.5, 8)]
    public void A_rate_is_kept_to_the_visitor(double rate, int seconds) =>
        AssertAsPlanned(new Arrivals([new Phase(rate, rate, seconds)]));

    [Theory]
    [InlineData(105, 10)]
    [InlineData(4_000, 15)]
    [InlineData(0.7, 3)]
    [InlineData(333.3, 1)]
    public void Every_scenario_brings_its_visitors_in_their_seconds(double rate, int seconds) =>
        Assert.All(Scenarios.All, scenario =>
            AssertAsPlanned(scenario.Arrivals(scenario.Defaults with { Rate = rate, Seconds = seconds })));

    [Fact]
    public void Seconds_that_are_alike_are_one_simulation() =>
        Assert.Equal(
            new Inject(105, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(600)),
            Assert.Single(new ArrivalPlan(new Arrivals([new Phase(105, 105, 600)])).Simulations));

    [Fact]
    public void A_visitor_is_due_when_it_begins_but_never_after_the_second_that_it_belongs_to()
    {
        // Two a second: the fifth visitor belongs to the third second.
        var plan = new ArrivalPlan(new Arrivals([new Phase(2, 2, 10)]));
        var start = Stopwatch.GetTimestamp();
        long At(double seconds) => start + (long)(seconds * Stopwatch.Frequency);
        Assert.Equal(At(0), plan.DueAt(0, At(0)));
        Assert.Equal(At(2.9), plan.DueAt(4, At(2.9)));
        Assert.Equal(At(3), plan.DueAt(4, At(4.5)));
        Assert.Equal(At(3), plan.DueAt(5, At(4.5)));
        Assert.Equal(At(4), plan.DueAt(6, At(4.5)));
        // A visitor beyond the plan.
        Assert.Equal(At(10), plan.DueAt(99, At(30)));
    }

    [Fact]
    public void Seconds_without_a_visitor_delay_nobody()
    {
        // 0.4/s: one in the third, the fifth and the eighth second.
        var plan = new ArrivalPlan(new Arrivals([new Phase(0.4, 0.4, 10)]));
        var start = Stopwatch.GetTimestamp();
        long At(double seconds) => start + (long)(seconds * Stopwatch.Frequency);
        // The first comes at the start of the third second, as far as the plan knows.
        Assert.Equal(At(2), plan.DueAt(0, At(2)));
        Assert.Equal(At(5), plan.DueAt(1, At(6)));
        Assert.Equal(At(8), plan.DueAt(2, At(8.5)));
    }

    private static void AssertAsPlanned(Arrivals arrivals)
    {
        long[] expected =
        [
            .. Enumerable.Range(1, (int)Math.Round(arrivals.Seconds))
                .Select(second => arrivals.CountBy(second) - arrivals.CountBy(second - 1)),
        ];
        long[] actual =
        [
            .. new ArrivalPlan(arrivals).Simulations.SelectMany(simulation => Enumerable.Repeat(
                simulation switch
                {
                    Inject inject when inject.Interval == TimeSpan.FromSeconds(1) => (long)inject.Rate,
                    Pause => 0,
                    _ => throw new InvalidOperationException($"{simulation} was not expected."),
                },
                (int)simulation.During.TotalSeconds)),
        ];
        Assert.Equal(expected, actual);
        Assert.Equal(arrivals.Count, actual.Sum());
    }
}
