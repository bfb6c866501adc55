using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Bench.Size;

/// <summary>What the buyers of another item saw while something was done to the large one.</summary>
/// <param name="Seconds">How long that took.</param>
/// <param name="Requests">Of the other item.</param>
/// <param name="Unavailable">Of these, answered 503, or not at all.</param>
/// <param name="P50Milliseconds">Median.</param>
/// <param name="P99Milliseconds">99th percentile.</param>
public sealed record Beside(double Seconds, long Requests, long Unavailable, double P50Milliseconds, double P99Milliseconds)
{
    /// <summary>By the answers.</summary>
    public static Beside Of(double seconds, Tally tally)
    {
        ArgumentNullException.ThrowIfNull(tally);
        var latency = tally.Latency();
        return new Beside(
            seconds, tally.Requests, tally.Count(outcome => outcome.IsError), latency.Percentile(50) / 1000.0,
            latency.Percentile(99) / 1000.0);
    }
}

/// <summary>The sell-out of the large item.</summary>
/// <param name="Seconds">From the first click to the last unit.</param>
/// <param name="Accepted">202s.</param>
/// <param name="SoldOut">Refusals, which are right.</param>
/// <param name="Unavailable">503s, and no answer.</param>
public sealed record SellOut(double Seconds, long Accepted, long SoldOut, long Unavailable);

/// <summary>One size.</summary>
/// <param name="Holds">Live orders of the item.</param>
/// <param name="FillSeconds">From the first reservation to the last row.</param>
/// <param name="MemoryBytes">What Redis has more than before.</param>
/// <param name="KeyBytes">By key of the item.</param>
/// <param name="LogMegabytes">AOF before its rewrite.</param>
/// <param name="LogLoadSeconds">Load time of it; null when it is out of reach.</param>
/// <param name="Rewrite">The rewrite.</param>
/// <param name="SnapshotMegabytes">AOF after it.</param>
/// <param name="SnapshotLoadSeconds">Load time of it.</param>
/// <param name="SellOut">The last units.</param>
/// <param name="Others">The other item, by what was done to this one meanwhile.</param>
public sealed record SizeResult(
    int Holds, double FillSeconds, double MemoryBytes, IReadOnlyList<(string Key, long Bytes)> KeyBytes, double LogMegabytes,
    double? LogLoadSeconds, AofRewrite Rewrite, double SnapshotMegabytes, double? SnapshotLoadSeconds, SellOut SellOut,
    IReadOnlyList<(string While, Beside Beside)> Others);
