namespace Seckill.LoadTests.Load;

/// <summary>One second of a run.</summary>
/// <param name="Second">From 1 on: the second ended then.</param>
/// <param name="Arrivals">Visitors who arrived.</param>
/// <param name="Outcomes">Requests that ended, by outcome; those that did not occur are left out.</param>
/// <param name="P50Milliseconds">Latency of the requests that ended, from the scheduled moment.</param>
/// <param name="P95Milliseconds">95th percentile.</param>
/// <param name="P99Milliseconds">99th percentile.</param>
/// <param name="P999Milliseconds">99.9th percentile.</param>
/// <param name="Visitors">Visitors in flight at its end.</param>
/// <param name="StockLeft">Units for sale; null when the ops endpoint did not answer.</param>
/// <param name="Backlog">Orders that wait to be persisted; null when the ops endpoint did not answer.</param>
/// <param name="LatenessMilliseconds">p99 of how late the generator was.</param>
/// <param name="GeneratorCpu">Cores that the generator used.</param>
/// <param name="MachineBusy">Share of the generator's machine that was in use, 0 to 1.</param>
public sealed record SecondSample(
    double Second, long Arrivals, IReadOnlyDictionary<string, long> Outcomes,
    double P50Milliseconds, double P95Milliseconds, double P99Milliseconds, double P999Milliseconds,
    long Visitors, long? StockLeft, long? Backlog, double LatenessMilliseconds, double GeneratorCpu, double MachineBusy)
{
    /// <summary>Requests that ended.</summary>
    public long Requests => Outcomes.Values.Sum();

    /// <summary>Requests with this outcome.</summary>
    public long Count(string outcome) => Outcomes.GetValueOrDefault(outcome);
}
