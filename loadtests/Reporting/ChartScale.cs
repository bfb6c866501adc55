using System.Globalization;

namespace Seckill.LoadTests.Reporting;

/// <summary>Where values stand between the bottom (0) and the top (1) of a chart, and which of them are written beside it.</summary>
/// <param name="Place">From value to place.</param>
/// <param name="Ticks">Values with their labels.</param>
public sealed record ChartScale(Func<double, double> Place, IReadOnlyList<(double Value, string Label)> Ticks)
{
    private const int Steps = 4;

    /// <summary>From nothing to a round number above the largest value. Values are counts, so a step is at least one.</summary>
    public static ChartScale Linear(double maximum)
    {
        var step = Math.Max(1, Round(Math.Max(maximum, 1) / Steps));
        var steps = (int)Math.Ceiling(Math.Max(maximum, 1) / step - 1e-9);
        return new ChartScale(
            value => value / (step * steps), [.. Enumerable.Range(0, steps + 1).Select(index => (step * index, Number(step * index)))]);
    }

    /// <summary>Powers of ten around all values.</summary>
    public static ChartScale Logarithmic(IEnumerable<double> values)
    {
        var positive = values.Where(value => value > 0).DefaultIfEmpty(1).ToArray();
        var low = (int)Math.Floor(Math.Log10(positive.Min()));
        var high = Math.Max(low + 1, (int)Math.Ceiling(Math.Log10(positive.Max()) - 1e-9));
        return new ChartScale(
            value => (Math.Log10(Math.Max(value, Math.Pow(10, low))) - low) / (high - low),
            [.. Enumerable.Range(low, high - low + 1).Select(power => (Math.Pow(10, power), Number(Math.Pow(10, power))))]);
    }

    /// <summary>Round times from 0 to the end, at most so many.</summary>
    public static IEnumerable<double> TimeTicks(double end, int maximum)
    {
        double[] steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200];
        var step = Array.Find(steps, step => end / step <= maximum) is > 0 and var found ? found : Round(end / maximum);
        for (double second = 0; second <= end + 0.01; second += step)
        {
            yield return second;
        }
    }

    /// <summary>Seconds, or minutes and seconds from two minutes on.</summary>
    public static string Time(double seconds) => seconds < 120
        ? seconds.ToString("0.# s", CultureInfo.InvariantCulture)
        : TimeSpan.FromSeconds(Math.Round(seconds)).ToString(seconds < 3_600 ? @"m\:ss" : @"h\:mm\:ss", CultureInfo.InvariantCulture);

    /// <summary>Short enough for an axis.</summary>
    public static string Number(double value) => value switch
    {
        >= 1_000_000 => (value / 1_000_000).ToString("0.## M", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };

    // 1, 2 or 5 times a power of ten.
    private static double Round(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return (value / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }
}
