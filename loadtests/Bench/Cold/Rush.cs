using System.Diagnostics;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Bench.Cold;

/// <summary>What a crowd sees in its first seconds, in slices of <see cref="SliceMilliseconds"/>.</summary>
public sealed class Rush
{
    /// <summary>Length of a slice.</summary>
    public const int SliceMilliseconds = 100;

    /// <summary>Slices in a second.</summary>
    public const int SlicesInASecond = 1000 / SliceMilliseconds;

    /// <summary>Length of a rush.</summary>
    public const int Seconds = 3;

    private readonly long[] _accepted = new long[Seconds * SlicesInASecond];
    private readonly Histogram[] _latency = [.. Enumerable.Range(0, Seconds * SlicesInASecond).Select(_ => new Histogram())];

    /// <summary>Orders that were accepted in each slice, by the time of the answer.</summary>
    public IReadOnlyList<long> Accepted => _accepted;

    /// <summary>How long the answers took, by the time of the click.</summary>
    public IReadOnlyList<Histogram> Latency => _latency;

    /// <summary>Orders that were accepted in the first second.</summary>
    public long AcceptedInFirstSecond => _accepted.Take(SlicesInASecond).Sum();

    /// <summary>99th percentile of the clicks of the first second, milliseconds.</summary>
    public double P99OfFirstSecond => Histogram.Sum(_latency.Take(SlicesInASecond)).Percentile(99) / 1000.0;

    /// <summary>Sends the crowd, each of it with a connection of its own that is opened now.</summary>
    /// <returns>The rush, and how many orders were accepted in all.</returns>
    public static async Task<(Rush Rush, long Accepted)> RunAsync(
        EngineLoad load, int connections, Uri storefront, long saleId, CancellationToken cancellationToken)
    {
        var (rush, startedAt) = (new Rush(), Stopwatch.GetTimestamp());
        var (tally, _) = await load.RunAsync(
            storefront, saleId, BenchSite.SkuId,
            engine => engine.RunClosedAsync(connections, TimeSpan.FromSeconds(Seconds), TimeSpan.Zero, cancellationToken),
            cancellationToken,
            (outcome, wantedAt) => rush.Count(outcome, startedAt, wantedAt));
        return (rush, tally.Count(outcome => outcome.Kind == OutcomeKind.Accepted));
    }

    private void Count(Outcome outcome, long startedAt, long wantedAt)
    {
        var now = Stopwatch.GetTimestamp();
        if (Slice(startedAt, now) is var answered && answered < _accepted.Length && outcome.Kind == OutcomeKind.Accepted)
        {
            Interlocked.Increment(ref _accepted[answered]);
        }

        if (Slice(startedAt, wantedAt) is var clicked && clicked < _latency.Length)
        {
            _latency[clicked].Record((long)Stopwatch.GetElapsedTime(wantedAt, now).TotalMicroseconds);
        }
    }

    private static int Slice(long startedAt, long at) =>
        (int)(Stopwatch.GetElapsedTime(startedAt, at).TotalMilliseconds / SliceMilliseconds);
}
