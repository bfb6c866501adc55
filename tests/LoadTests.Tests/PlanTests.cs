using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Plan;

namespace Seckill.LoadTests.Tests;

/// <summary>
/// The formula of docs/OPERATIONS.md. Broken by an item that is planned beyond the one core of Redis that serves it, and by refusals that
/// cost nothing.
/// </summary>
public sealed class PlanTests
{
    private static readonly RequestCosts s_costs = new(40, 26, Redis: 20, Postgres: 19, RabbitMq: 6, Worker: 8);

    [Theory]
    [InlineData(10_000, 10_000, 0.8, 0.38)]
    [InlineData(100_000, 35_000, 6.18, 1.33)]
    [InlineData(1_000_000, 35_000, 52.98, 1.33)]
    public void An_item_sells_as_fast_as_seven_tenths_of_a_core_of_Redis_and_the_rest_is_refused(
        int perSecond, double accepted, double apiCores, double postgresCores)
    {
        var plan = Plan(perSecond * 10L, hottestShare: null, 50_000);
        Assert.Equal(accepted, plan.AcceptedPerSecond, 3);
        Assert.Equal(apiCores, plan.ApiCores, 3);
        Assert.Equal(postgresCores, plan.PostgresCores, 3);
        Assert.Equal(accepted < perSecond, plan.Bottleneck is not null);
        Assert.Equal(50_000 / accepted, Assert.Single(plan.Items).SecondsToSellOut, 3);
    }

    [Fact]
    public void Items_are_on_as_many_primaries_as_their_clicks_need_and_no_more_than_there_are_items()
    {
        Assert.Equal((1, 30_000.0), Of(Plan(300_000, null, 1_000, 1_000)));
        Assert.Equal((2, 60_000.0), Of(Plan(600_000, null, 1_000, 1_000)));
        Assert.Equal((2, 70_000.0), Of(Plan(6_000_000, null, 1_000, 1_000)));

        static (int, double) Of(CapacityPlan plan) => (plan.RedisPrimaries, Math.Round(plan.AcceptedPerSecond, 3));
    }

    [Fact]
    public void The_hottest_item_gets_its_share_and_the_others_what_is_left_by_their_units()
    {
        var plan = Plan(1_000_000, 0.9, 100, 300, 600);
        Assert.Equal([2_500, 7_500, 90_000], plan.Items.Select(item => Math.Round(item.ClicksPerSecond)));
        Assert.Equal(600, plan.Bottleneck!.Units);
        Assert.Equal(1_000, plan.Orders);
        Assert.Equal([100_000], Plan(1_000_000, 0.9, 600).Items.Select(item => Math.Round(item.ClicksPerSecond)));
    }

    [Fact]
    public void The_costs_are_the_medians_of_the_recorded_benchmark()
    {
        // As in the table of docs/benchmarks.md.
        var costs = RequestCosts.Read(Repository.Read("docs/benchmarks.json"));
        var table = Repository.Read("docs/benchmarks.md");
        foreach (var (process, cost, column) in (ReadOnlySpan<(string, double, int)>)
            [
                ("api-1", costs.AcceptedAtApi, 2), ("api-1", costs.RefusedAtApi, 3), ("redis", costs.Redis, 2),
                ("postgres", costs.Postgres, 2), ("rabbitmq", costs.RabbitMq, 2), ("worker-1", costs.Worker, 2),
            ])
        {
            var row = table.Split('\n').Single(line => line.StartsWith($"| {process} |", StringComparison.Ordinal)).Split('|');
            Assert.Equal(cost.ToString("0.0", CultureInfo.InvariantCulture), row[column + 1].Trim());
        }
    }

    private static CapacityPlan Plan(long clicks, double? hottestShare, params long[] units) => CapacityPlan.Of(
        new Sale(1, "Planned", default, default, 900, [.. units.Select((all, i) => new SaleItem(i + 1, all, 1, 100, "EUR"))]), s_costs,
        clicks, seconds: 10, hottestShare);
}
