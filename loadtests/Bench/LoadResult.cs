namespace Seckill.LoadTests.Bench;

/// <summary>One run by the load generator's count.</summary>
/// <param name="Requests">Requests that were answered.</param>
/// <param name="Refused">Of these, answered with a status of 400 or above.</param>
/// <param name="Failed">Connections refused or broken, and timeouts.</param>
/// <param name="Seconds">From the first request to the last answer.</param>
/// <param name="P50Milliseconds">Median time to the answer.</param>
/// <param name="P99Milliseconds">99th percentile.</param>
public sealed record LoadResult(long Requests, long Refused, long Failed, double Seconds, double P50Milliseconds, double P99Milliseconds)
{
    /// <summary>Answers below 400; here that is 202.</summary>
    public long Accepted => Requests - Refused;

    /// <summary>Answers per second.</summary>
    public double PerSecond => Requests / Seconds;
}
