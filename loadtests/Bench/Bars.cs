using System.Globalization;

namespace Seckill.LoadTests.Bench;

/// <summary>The marks, computed from the measurements. A bar whose variants were not measured is left out.</summary>
public static class Bars
{
    private const int MaximumConnections = 20;
    private const double MaximumBytesAboveEmpty = 400;
    private const double LongestDelayMilliseconds = 1000;
    // A backlog that grows by more than this share of what comes in would reach a second's work within a minute of full load.
    private const double MaximumGrowth = 0.02;

    /// <summary>All that can be computed.</summary>
    public static IReadOnlyList<Bar> Compute(IReadOnlyList<Measurement> measurements)
    {
        var bars = new List<Bar>();
        void Ratio(string above, string below, double needed, string unit, Func<Measurement, double> value)
        {
            var (a, b) = (Values(measurements, above, value), Values(measurements, below, value));
            if (a.Count > 0 && a.Count == b.Count)
            {
                var ratio = Spread.Ratio(a, b);
                bars.Add(new Bar($"{above} ÷ {below}, {unit}", $"≥ {Text(needed)}", Text(ratio), ratio.Median >= needed));
            }
        }

        Ratio("sold-out", "empty", 0.90, "answers", run => run.Load.PerSecond);
        Ratio("accept", "empty", 0.60, "answers", run => run.Load.PerSecond);
        Ratio("accept", "per-order", 4, "order rows", run => run.Rows!.RowsPerSecond);
        Ratio("accept", "row-lock", 15, "order rows", run => run.Rows!.RowsPerSecond);
        AddDelay(bars, measurements);
        AddBytes(bars, measurements);
        var (process, connections) = measurements.SelectMany(run => run.Connections)
            .Where(entry => entry.Key.StartsWith("Seckill.", StringComparison.Ordinal)
                && !entry.Key.StartsWith("Seckill.Baselines", StringComparison.Ordinal))
            .OrderByDescending(entry => entry.Value).FirstOrDefault();
        if (process is not null)
        {
            bars.Add(new Bar(
                "PostgreSQL connections of a process, maximum", $"≤ {MaximumConnections}", $"{connections}",
                connections <= MaximumConnections));
        }

        var violations = measurements.Sum(run => run.Rows?.Violations.Count ?? 0);
        bars.Add(new Bar("broken promises", "0", $"{violations}", violations == 0));
        return bars;
    }

    private static void AddDelay(List<Bar> bars, IReadOnlyList<Measurement> measurements)
    {
        if (Values(measurements, "accept", run => run.Rows!.DelayP99Milliseconds) is not { Count: > 0 } delays)
        {
            return;
        }

        var delay = Spread.Of(delays);
        bars.Add(new Bar(
            "202 to order row, p99, ms", $"< {Text(LongestDelayMilliseconds)}", Text(delay), delay.Maximum < LongestDelayMilliseconds));
        var growth = Spread.Of(Values(measurements, "accept", run => run.Rows!.BacklogGrowth ?? 0));
        bars.Add(new Bar(
            "backlog grows, share of what comes in", $"≤ {MaximumGrowth:P0}",
            string.Create(CultureInfo.InvariantCulture, $"{growth.Median:P1} ({growth.Minimum:P1} to {growth.Maximum:P1})"),
            growth.Median <= MaximumGrowth));
    }

    private static void AddBytes(List<Bar> bars, IReadOnlyList<Measurement> measurements)
    {
        var empty = Values(measurements, "empty", run => run.BytesPerRequest);
        var accept = Values(measurements, "accept", run => run.BytesPerRequest);
        if (empty.Count == 0 || accept.Count == 0)
        {
            return;
        }

        var above = Spread.Of(accept.Zip(empty, (a, e) => a - e));
        bars.Add(new Bar(
            "bytes of an accepted request above empty", $"≤ {Text(MaximumBytesAboveEmpty)}", Text(above),
            above.Median <= MaximumBytesAboveEmpty));
    }

    private static List<double> Values(IReadOnlyList<Measurement> measurements, string variant, Func<Measurement, double> value) =>
        [.. measurements.Where(run => run.Variant == variant).OrderBy(run => run.Round).Select(value)];

    private static string Text(Spread spread) => $"{Text(spread.Median)} ({Text(spread.Minimum)} to {Text(spread.Maximum)})";

    private static string Text(double number) =>
        number.ToString(Math.Abs(number) >= 100 ? "N0" : "0.##", CultureInfo.InvariantCulture);
}
