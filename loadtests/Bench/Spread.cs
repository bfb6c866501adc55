using System.Globalization;

namespace Seckill.LoadTests.Bench;

/// <summary>Median and range of the rounds.</summary>
/// <param name="Median">The middle; the mean of the two middle ones when their number is even.</param>
/// <param name="Minimum">The smallest.</param>
/// <param name="Maximum">The largest.</param>
public sealed record Spread(double Median, double Minimum, double Maximum)
{
    /// <summary>Of at least one value.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }

    /// <summary>As in the reports: the median, and the range in brackets.</summary>
    /// <param name="format">Of each number.</param>
    public string Text(string format) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Median.ToString(format, CultureInfo.InvariantCulture)} ({Minimum.ToString(format, CultureInfo.InvariantCulture)} to "
        + $"{Maximum.ToString(format, CultureInfo.InvariantCulture)})");

    /// <summary>Ratio of the medians, with the range of the ratios of each round: neighbours in time share the machine's load.</summary>
    public static Spread Ratio(IReadOnlyList<double> above, IReadOnlyList<double> below)
    {
        var rounds = above.Zip(below, (a, b) => a / b).ToArray();
        return new Spread(Of(above).Median / Of(below).Median, rounds.Min(), rounds.Max());
    }
}
