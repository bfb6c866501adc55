namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// The metrics of the dual write. Gauges have the last value that this process has read. Those that raise an alert are 0 while no change
/// goes to the legacy database, because then nothing is late and no probe closes the breaker.
/// </summary>
internal static class LegacyMetrics
{
    private static readonly Meter s_meter = new("Seckill");

    public static readonly Counter<long> Verified =
        s_meter.CreateCounter<long>("seckill.legacy.verified", "{order}", "Orders read back from the legacy database and found equal.");

    private static readonly Counter<long> s_discrepancies =
        s_meter.CreateCounter<long>("seckill.legacy.discrepancies", "{finding}", "Differences found, by class; each check counts.");

    public static readonly Counter<long> Reads =
        s_meter.CreateCounter<long>("seckill.legacy.reads", "{read}", "Reads of buyers on the legacy side, by the source of the answer.");

    public static readonly Histogram<double> TimeToVerify =
        s_meter.CreateHistogram(
            "seckill.legacy.time_to_verify", "s", "From a change to its verification, of the oldest change of each batch.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300] });

    public static bool IsInUse { get; set; }
    public static long Pending { get; set; }
    public static double LagSeconds { get; set; }

    /// <summary>Open differences; a class without any is absent.</summary>
    public static IReadOnlyDictionary<DiscrepancyClass, long> Open { get; set; } = new Dictionary<DiscrepancyClass, long>();

    /// <summary>Begins to publish the gauges, also that of this breaker.</summary>
    public static LegacyBreaker Publish(LegacyBreaker breaker)
    {
        // To Prometheus, a counter that begins at one instead of zero has not increased.
        Verified.Add(0);
        foreach (var name in EnumText<DiscrepancyClass>.All)
        {
            CountDiscrepancies(name, 0);
        }

        s_meter.CreateObservableGauge("seckill.legacy.lag", () => IsInUse ? LagSeconds : 0, "s", "Age of the oldest waiting change.");
        s_meter.CreateObservableGauge("seckill.legacy.pending", () => Pending, "{change}", "Waiting changes.");
        s_meter.CreateObservableGauge(
            "seckill.legacy.open_discrepancies",
            () => Enum.GetValues<DiscrepancyClass>().Select(kind => new Measurement<long>(
                IsInUse ? Open.GetValueOrDefault(kind) : 0, Class(EnumText<DiscrepancyClass>.Of(kind)))),
            "{finding}", "Open differences, by class.");
        s_meter.CreateObservableGauge(
            "seckill.legacy.breaker", () => IsInUse ? (int)breaker.State : 0, null, "0 closed, 1 open, 2 half open.");
        return breaker;
    }

    /// <summary>Differences of a class, or <c>lagging</c>: a change of the order is young or still waits.</summary>
    public static void CountDiscrepancies(string name, int count) => s_discrepancies.Add(count, Class(name));

    private static KeyValuePair<string, object?> Class(string name) => new("class", name);
}
