// HdrHistogram's log-linear scheme, written here because the feed lacks that package; HdrHistogram.HdrHistogram would replace this file.
using System.Numerics;

namespace Seckill.LoadTests.Engine;

/// <summary>
/// Counts durations in microseconds, from any thread, in constant memory. Exact below 256 µs; above, each power of two is divided into
/// 128 steps, so that a percentile is never less than the true one and at most <see cref="Precision"/> more. Durations beyond
/// <see cref="Most"/> count as that.
/// </summary>
public sealed class Histogram
{
    /// <summary>Largest relative error: one step in the lowest value of its power of two.</summary>
    public const double Precision = 1.0 / Half;

    /// <summary>Longest duration that is told apart: 71 minutes.</summary>
    public const long Most = uint.MaxValue;

    private const int Linear = 256;
    private const int Half = Linear / 2;
    private const int HalfBits = 7;
    private readonly long[] _counts = new long[IndexOf(Most) + 1];
    private long _sum;
    private long _longest;

    /// <summary>How many were recorded.</summary>
    public long Count => _counts.Sum();

    /// <summary>The longest, exactly; 0 when there are none.</summary>
    public long Longest => Volatile.Read(ref _longest);

    /// <summary>The mean, exactly; 0 when there are none.</summary>
    public double Mean => Count is var count and > 0 ? (double)Volatile.Read(ref _sum) / count : 0;

    /// <summary>Counts one.</summary>
    public void Record(long microseconds)
    {
        var value = Math.Clamp(microseconds, 0, Most);
        Interlocked.Increment(ref _counts[IndexOf(value)]);
        Interlocked.Add(ref _sum, value);
        long longest;
        while (value > (longest = Volatile.Read(ref _longest)) && Interlocked.CompareExchange(ref _longest, value, longest) != longest)
        {
            // Another thread has recorded a longer one; perhaps ours is longer still.
        }
    }

    /// <summary>Adds everything that another one has counted.</summary>
    public void Add(Histogram other)
    {
        for (var index = 0; index < _counts.Length; index++)
        {
            _counts[index] += other._counts[index];
        }

        _sum += other._sum;
        _longest = Math.Max(_longest, other._longest);
    }

    /// <summary>The sum of some.</summary>
    public static Histogram Sum(IEnumerable<Histogram> parts)
    {
        var sum = new Histogram();
        foreach (var part in parts)
        {
            sum.Add(part);
        }

        return sum;
    }

    /// <summary>What <paramref name="percent"/> of all do not exceed (nearest rank), microseconds; 0 when there are none.</summary>
    /// <param name="percent">Above 0, at most 100.</param>
    public long Percentile(double percent)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(Count * percent / 100));
        long seen = 0;
        for (var index = 0; index < _counts.Length; index++)
        {
            seen += _counts[index];
            if (seen >= rank)
            {
                return Math.Min(HighestOf(index), Longest);
            }
        }

        return 0;
    }

    private static int IndexOf(long value)
    {
        if (value < Linear)
        {
            return (int)value;
        }

        var shift = BitOperations.Log2((ulong)value) - HalfBits;
        return (shift << HalfBits) + (int)(value >> shift);
    }

    private static long HighestOf(int index)
    {
        if (index < Linear)
        {
            return index;
        }

        var shift = (index >> HalfBits) - 1;
        return ((long)((index & (Half - 1)) + Half + 1) << shift) - 1;
    }
}
