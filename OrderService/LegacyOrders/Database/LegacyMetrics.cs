using System.Diagnostics.Metrics;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// What is measured of the dual write. Gauges have the last value that this process has seen; those that raise an alert are 0 while the
/// legacy database is not written to, for then nothing is late and nobody closes the breaker.
/// </summary>
internal static class LegacyMetrics
{
    private static readonly Meter s_meter = new("Seckill");

    public static readonly Counter<long> Verified =
        s_meter.CreateCounter<long>("seckill.legacy.verified", "{order}", "Orders read back from the legacy database and found equal.");

    public static readonly Counter<long> Discrepancies =
        s_meter.CreateCounter<long>("seckill.legacy.discrepancies", "{finding}", "Differences seen, by class; each look counts.");

    public static readonly Counter<long> Reads =
        s_meter.CreateCounter<long>("seckill.legacy.reads", "{read}", "Reads of buyers on the legacy side, by who answered.");

    public static readonly Histogram<double> TimeToVerify =
        s_meter.CreateHistogram(
            "seckill.legacy.time_to_verify", "s", "From a change to its verification, of the oldest change of each batch.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300] });

    private static readonly string[] s_classes = ["missing", "extra", "different", "unrepresentable"];
    private static IReadOnlyList<(string Class, long Number)> s_open = [];
    private static double s_lagSeconds;
    private static long s_pending;
    private static bool s_isInUse;

    public static void Create(LegacyBreaker breaker)
    {
        // What begins at one instead of nothing has not increased, for Prometheus.
        Verified.Add(0);
        foreach (var name in s_classes)
        {
            Discrepancies.Add(0, new KeyValuePair<string, object?>("class", name));
        }

        s_meter.CreateObservableGauge(
            "seckill.legacy.lag", () => Volatile.Read(ref s_isInUse) ? Volatile.Read(ref s_lagSeconds) : 0, "s",
            "Age of the oldest change that waits.");
        s_meter.CreateObservableGauge("seckill.legacy.pending", () => Volatile.Read(ref s_pending), "{change}", "Changes that wait.");
        s_meter.CreateObservableGauge(
            "seckill.legacy.open_discrepancies",
            () => s_classes.Select(name => new Measurement<long>(
                Volatile.Read(ref s_isInUse) ? Volatile.Read(ref s_open).FirstOrDefault(found => found.Class == name).Number : 0,
                new KeyValuePair<string, object?>("class", name))),
            "{finding}", "Differences that are open, by class.");
        s_meter.CreateObservableGauge(
            "seckill.legacy.breaker", () => Volatile.Read(ref s_isInUse) ? (int)breaker.State : 0, null, "0 closed, 1 open, 2 half open.");
    }

    public static void Use(bool isInUse) => Volatile.Write(ref s_isInUse, isInUse);

    public static void Open(IReadOnlyList<(string Class, long Number)> open) => Volatile.Write(ref s_open, open);

    public static void Waiting(long pending, double lagSeconds)
    {
        Volatile.Write(ref s_pending, pending);
        Volatile.Write(ref s_lagSeconds, lagSeconds);
    }
}
