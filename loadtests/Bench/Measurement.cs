namespace Seckill.LoadTests.Bench;

/// <summary>One run of one variant.</summary>
/// <param name="Variant">Its name.</param>
/// <param name="Round">From 1.</param>
/// <param name="Load">What the load generator saw.</param>
/// <param name="BytesPerRequest">Bytes that the measured process allocated, by answered request.</param>
/// <param name="CollectionsPerMillion">Its garbage collections of all generations, by million requests.</param>
/// <param name="Rows">The way of the orders to their rows; null when none were placed.</param>
/// <param name="Connections">Maximum concurrent PostgreSQL connections, by application name.</param>
/// <param name="BusyBefore">Share of the machine that was in use just before the run, 0 to 1.</param>
/// <param name="CpuMicroseconds">Processor time by request, by process; <c>others</c> is all other processes.</param>
/// <param name="OthersShare">Share of the machine that others used during the run, 0 to 1.</param>
public sealed record Measurement(
    string Variant, int Round, LoadResult Load, double BytesPerRequest, double CollectionsPerMillion, RowResult? Rows,
    IReadOnlyDictionary<string, int> Connections, double BusyBefore,
    IReadOnlyDictionary<string, double> CpuMicroseconds, double OthersShare)
{
    /// <summary>Processor time by request, of all processes of Seckill.</summary>
    public double OwnCpuMicroseconds => CpuMicroseconds.Where(process => process.Key != CpuUse.Others).Sum(process => process.Value);
}

/// <summary>The way of the orders of one run to their rows.</summary>
/// <param name="Rows">Order rows in PostgreSQL.</param>
/// <param name="RowsPerSecond">By the time from the first reservation to the last row.</param>
/// <param name="DelayP50Milliseconds">From the reservation to the row, median.</param>
/// <param name="DelayP99Milliseconds">99th percentile.</param>
/// <param name="BacklogMean">Orders in the outbox while the load was on, mean; null where there is no outbox.</param>
/// <param name="BacklogMaximum">Maximum of the same.</param>
/// <param name="BacklogGrowth">Slope of the backlog over time as a share of the accept rate.</param>
/// <param name="Violations">Broken promises, as sentences; none when all is right.</param>
public sealed record RowResult(
    long Rows, double RowsPerSecond, double DelayP50Milliseconds, double DelayP99Milliseconds,
    double? BacklogMean, double? BacklogMaximum, double? BacklogGrowth, IReadOnlyList<string> Violations);
