using HdrHistogram;

namespace Seckill.LoadTests.Engine;

/// <summary>
/// Counts durations in microseconds, from any thread, in constant memory: an HdrHistogram of two digits. A percentile is never too low, and
/// at most <see cref="Precision"/> too high; below 256 µs it is exact.
/// </summary>
public sealed class Histogram
{
    /// <summary>Largest relative error: each power of two is divided into 128 steps.</summary>
    public const double Precision = 1.0 / 128;

    /// <summary>Longest duration, 71 minutes; longer ones count as that.</summary>
    public const long Maximum = uint.MaxValue;

    private readonly LongConcurrentHistogram _durations = new(1, Maximum, numberOfSignificantValueDigits: 2);

    /// <summary>How many were recorded.</summary>
    public long Count => _durations.TotalCount;

    /// <summary>The longest; 0 when there are none.</summary>
    public long Longest => Percentile(100);

    /// <summary>The mean, at most <see cref="Precision"/> away; 0 when there are none.</summary>
    public double Mean => Count > 0 ? _durations.GetMean() : 0;

    /// <summary>Counts one.</summary>
    public void Record(long microseconds) => _durations.RecordValue(Math.Clamp(microseconds, 0, Maximum));

    /// <summary>The sum of some.</summary>
    public static Histogram Sum(IEnumerable<Histogram> parts)
    {
        var sum = new Histogram();
        foreach (var part in parts)
        {
            sum._durations.Add(part._durations);
        }

        return sum;
    }

    /// <summary>What <paramref name="percent"/> of all do not exceed (nearest rank), microseconds; 0 when there are none.</summary>
    /// <param name="percent">Above 0, at most 100.</param>
    public long Percentile(double percent)
    {
        var count = Count;
        // The library rounds the rank to the nearest, so that p99 of 160 would be the 158th; nearest rank rounds up.
        return count > 0 ? _durations.GetValueAtPercentile(100 * Math.Ceiling(count * percent / 100) / count) : 0;
    }
}
