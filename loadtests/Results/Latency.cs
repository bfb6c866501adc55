using System.Globalization;

namespace Seckill.LoadTests.Results;

/// <summary>Exact percentiles (nearest rank) of a set of durations.</summary>
public sealed class Latency
{
    private readonly TimeSpan[] _sorted;

    /// <param name="durations">Any order.</param>
    public Latency(IEnumerable<TimeSpan> durations)
    {
        _sorted = [.. durations];
        Array.Sort(_sorted);
    }

    /// <summary>The smallest duration that <paramref name="percent"/> of all do not exceed; null when there are none.</summary>
    /// <param name="percent">Above 0, at most 100.</param>
    public TimeSpan? Percentile(double percent) =>
        _sorted.Length == 0 ? null : _sorted[Math.Max(0, (int)Math.Ceiling(_sorted.Length * percent / 100) - 1)];

    /// <summary>A percentile in milliseconds, for people.</summary>
    public string Text(double percent) =>
        Percentile(percent) is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value.TotalMilliseconds:N1} ms") : "–";
}
