using System.Globalization;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Load.Soak;

/// <summary>
/// How much a value grew in the second half of a run, by the slope of its samples there. In the first half code is compiled, pools and
/// heaps find their size, and the first orders expire.
/// </summary>
/// <param name="Name">Of the value.</param>
/// <param name="From">Mean of the first tenth of the second half.</param>
/// <param name="To">Mean of its last tenth.</param>
/// <param name="Grown">In the value's unit; for each order where <paramref name="Kind"/> says so.</param>
/// <param name="Kind">What the value is, and how much it may grow.</param>
public sealed record Growth(string Name, double From, double To, double Grown, ResourceKind Kind)
{
    /// <summary>How much it may grow.</summary>
    public double Limit => Kind.LimitOf(From);

    /// <summary>True when it grew by no more than that.</summary>
    public bool IsWithinLimit => Grown <= Limit;

    /// <summary>The growth as people read it.</summary>
    public string Text => Kind.Text(Grown);

    /// <summary>Of every value that was sampled throughout.</summary>
    public static IReadOnlyList<Growth> Of(IReadOnlyList<ResourceSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var half = samples.Skip(samples.Count / 2).ToArray();
        return half.Length < 10 ? [] :
        [
            .. from name in half[0].Values.Keys
               let series = half.Where(sample => sample.Values.ContainsKey(name)).ToArray()
               // A process that was started again is another one.
               where series.Length > half.Length * 0.9
               select Of(name, series),
        ];
    }

    private static Growth Of(string name, ResourceSample[] series)
    {
        var kind = ResourceKind.Of(name);
        double Mean(IEnumerable<ResourceSample> some) => some.Average(sample => sample.Values[name]);
        var (tenth, orders) = (Math.Max(1, series.Length / 10), Math.Max(1, series[^1].Orders - series[0].Orders));
        var slope = Trend.Slope([.. series.Select(sample => (sample.Second, sample.Values[name]))]) ?? 0;
        var grown = slope * (series[^1].Second - series[0].Second) / (kind.IsPerOrder ? orders : 1);
        return new Growth(name, Mean(series[..tenth]), Mean(series[^tenth..]), grown, kind);
    }
}

/// <summary>A kind of value, and how much of it may be gained in the second half of a run.</summary>
/// <param name="Suffix">End of the names.</param>
/// <param name="Limit">Largest growth; null where any is right.</param>
/// <param name="Share">The same as a share of the value, where that is more.</param>
/// <param name="Unit">For people: the value is divided by <paramref name="Divisor"/>.</param>
/// <param name="Divisor">See <paramref name="Unit"/>.</param>
/// <param name="IsPerOrder">The growth is divided by the orders that were accepted meanwhile.</param>
public sealed record ResourceKind(string Suffix, double? Limit, double Share, string Unit, double Divisor, bool IsPerOrder = false)
{
    private const double Megabyte = 1024 * 1024;

    /// <summary>
    /// A leak keeps something of each request, 100 bytes at least. Half of five minutes has 30,000 orders of four requests at the usual
    /// rate: 12 MB. A heap that is collected rises and falls by as much, so the limit is a little above; a longer run finds smaller leaks.
    /// Handles and threads come and go by the handful; a leak of one for each hundredth order is 300. Redis keeps of each order its hold,
    /// two entries of its buyer and its key, about half a kilobyte, and writes each of them once or twice.
    /// </summary>
    private static readonly ResourceKind[] s_all =
    [
        new(" memory", 16 * Megabyte, 0.1, "MB", Megabyte),
        new(" handles", 20, 0.1, "", 1),
        new(" threads", 10, 0.2, "", 1),
        new("PostgreSQL connections", 10, 0.2, "", 1),
        new("Redis clients", 5, 0, "", 1),
        new("Redis keys", 2, 0, "", 1),
        new("Redis memory for each order", 1_024, 0, "bytes", 1, IsPerOrder: true),
        new("Redis writes for each order", 4_096, 0, "bytes", 1, IsPerOrder: true),
        new("orders in the outbox", 200, 0, "", 1),
        new("returns that wait", 200, 0, "", 1),
        new("Redis AOF", null, 0, "MB", Megabyte),
    ];

    /// <summary>The kind of a value.</summary>
    /// <param name="name">Of the value.</param>
    public static ResourceKind Of(string name) =>
        // The longest end counts.
        s_all.Where(kind => name.EndsWith(kind.Suffix, StringComparison.Ordinal)).MaxBy(kind => kind.Suffix.Length)!;

    /// <summary>How much a value may grow.</summary>
    /// <param name="value">At the start.</param>
    public double LimitOf(double value) => Limit is { } limit ? Math.Max(limit, value * Share) : double.PositiveInfinity;

    /// <summary>A value as people read it.</summary>
    public string Text(double value) => double.IsInfinity(value) ? "any"
        : string.Create(CultureInfo.InvariantCulture, $"{value / Divisor:#,0.#} {Unit}").TrimEnd();
}
