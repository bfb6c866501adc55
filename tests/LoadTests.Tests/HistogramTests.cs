using FsCheck;
using FsCheck.Fluent;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Tests;

/// <summary>
/// A percentile that is quietly wrong makes every report worthless. So: whatever was recorded, each percentile is compared with the
/// exact one of the sorted list.
/// </summary>
public sealed class HistogramTests
{
    private static readonly double[] s_percents = [0.1, 10, 50, 90, 99, 99.9, 100];

    [Fact]
    public void A_percentile_is_at_most_the_stated_precision_above_the_exact_one_and_never_below()
    {
        // Of all magnitudes, from a microsecond to an hour.
        var duration =
            from magnitude in Gen.Choose(0, 31)
            from fraction in Gen.Choose(0, int.MaxValue)
            select (long)((1L << magnitude) * (1 + (fraction / (double)int.MaxValue)));
        var lists = Gen.Choose(1, 300).SelectMany(length => duration.ListOf(length));
        Prop.ForAll(lists.ToArbitrary(), durations =>
        {
            var histogram = new Histogram();
            foreach (var value in durations)
            {
                histogram.Record(value);
            }

            var sorted = durations.Order().ToArray();
            Assert.Equal(sorted.Length, histogram.Count);
            Assert.InRange(histogram.Longest, sorted[^1], sorted[^1] * (1 + Histogram.Precision));
            Assert.Equal(sorted.Average(), histogram.Mean, tolerance: (sorted.Average() * Histogram.Precision) + 0.5);
            foreach (var percent in s_percents)
            {
                var exact = sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * percent / 100) - 1)];
                Assert.InRange(histogram.Percentile(percent), exact, exact * (1 + Histogram.Precision));
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Every_duration_up_to_a_millisecond_and_each_power_of_two_comes_back()
    {
        foreach (var value in Enumerable.Range(0, 1_000).Select(value => (long)value)
            .Concat(Enumerable.Range(0, 32).SelectMany(power => new[] { (1L << power) - 1, 1L << power })))
        {
            var histogram = new Histogram();
            histogram.Record(value);
            histogram.Record(Histogram.Maximum);
            Assert.InRange(histogram.Percentile(50), value, value * (1 + Histogram.Precision));
        }
    }

    [Fact]
    public void What_is_longer_than_the_longest_counts_as_that_and_what_is_negative_as_nothing()
    {
        var histogram = new Histogram();
        histogram.Record(-5);
        histogram.Record(long.MaxValue);
        Assert.Equal((2, 0, Histogram.Maximum), (histogram.Count, histogram.Percentile(50), histogram.Percentile(100)));
    }

    [Fact]
    public void A_sum_has_the_percentiles_of_all_its_parts()
    {
        var (fast, slow) = (new Histogram(), new Histogram());
        for (var value = 1; value <= 100; value++)
        {
            fast.Record(value);
            slow.Record(100 + value);
        }

        var sum = Histogram.Sum([fast, slow]);
        Assert.Equal((200, 100, 200, 100.5), (sum.Count, sum.Percentile(50), sum.Percentile(100), sum.Mean));
    }

    [Fact]
    public void Nothing_recorded_is_zero()
    {
        var nothing = new Histogram();
        Assert.Equal((0, 0, 0.0, 0), (nothing.Count, nothing.Percentile(99), nothing.Mean, nothing.Longest));
    }

    [Fact]
    public async Task Many_threads_lose_no_count()
    {
        var histogram = new Histogram();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var count = 0; count < 50_000; count++)
            {
                histogram.Record(count % 1_000);
            }
        })));
        Assert.Equal((200_000, 999), (histogram.Count, histogram.Longest));
    }
}
