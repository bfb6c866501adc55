using Seckill.LoadTests.Load.Soak;

namespace Seckill.LoadTests.Tests;

/// <summary>A leak is a slope and not a height: a soak must see the one and forgive the other, and what is kept for each order.</summary>
public sealed class GrowthTests
{
    private const double Megabyte = 1024 * 1024;

    [Theory]
    [InlineData("api-1 memory", 100 * Megabyte, 0.2 * Megabyte, false)]
    [InlineData("api-1 memory", 100 * Megabyte, 0.1 * Megabyte, true)]
    [InlineData("worker-1 handles", 150, 0.3, false)]
    [InlineData("worker-1 handles", 150, 0.1, true)]
    [InlineData("Redis keys", 20, 0.1, false)]
    [InlineData("Redis memory for each order", 50 * Megabyte, 200 * 500, true)]
    [InlineData("Redis memory for each order", 50 * Megabyte, 200 * 1_200, false)]
    [InlineData("Redis AOF", 50 * Megabyte, 10 * Megabyte, true)]
    public void What_grows_by_so_much_a_second_is_within_its_limit_or_not(string name, double at, double aSecond, bool isWithin)
    {
        // Up and down by a twentieth, as a heap that is collected.
        var growth = Assert.Single(Growth.Of([.. Enumerable.Range(0, 150).Select(i =>
            Sample(i, name, (at * (i % 2 == 0 ? 1 : 1.02)) + (aSecond * i * 2)))]));
        Assert.True(growth.IsWithinLimit == isWithin, $"{growth.Text} of {growth.Kind.Text(growth.Limit)}");
        Assert.Equal(isWithin, SoakReport.Mark([growth]).IsMet);
    }

    [Fact]
    public void What_grew_in_the_first_half_alone_is_no_leak() =>
        Assert.True(Assert.Single(Growth.Of([.. Enumerable.Range(0, 150).Select(i =>
            Sample(i, "api-1 memory", Megabyte * (50 + Math.Min(i, 70))))])).IsWithinLimit);

    [Fact]
    public void A_run_that_is_too_short_or_sees_no_process_says_so()
    {
        Assert.Single(SoakReport.Warnings(Growth.Of([.. Enumerable.Range(0, 10).Select(i => Sample(i, "api-1 memory", 1))])));
        Assert.Single(SoakReport.Warnings(Growth.Of([.. Enumerable.Range(0, 50).Select(i => Sample(i, "Redis keys", 1))])));
        Assert.Empty(SoakReport.Warnings(Growth.Of([.. Enumerable.Range(0, 50).Select(i => Sample(i, "api-1 memory", 1))])));
    }

    // Every other second, with 200 orders in each.
    private static ResourceSample Sample(int number, string name, double value) =>
        new(number * 2, number * 400, new Dictionary<string, double> { [name] = value });
}
