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

    private readonly Func<TimeSpan> _processorTime;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly TimeSpan _usedBefore;
    private int _isSecondOver;
    private readonly long[] _accepted = new long[Seconds * SlicesInASecond];
    private readonly Histogram[] _latency = [.. Enumerable.Range(0, Seconds * SlicesInASecond).Select(_ => new Histogram())];

    private Rush(Func<TimeSpan> processorTime) => (_processorTime, _usedBefore) = (processorTime, processorTime());

    /// <summary>Processor time that the storefront took for an order of the first second, microseconds.</summary>
    public double MicrosecondsForAnOrder { get; private set; }

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
        EngineLoad load, int connections, Uri storefront, long saleId, Func<TimeSpan> processorTime, CancellationToken cancellationToken)
    {
        Rush rush = null!;
        var (tally, _) = await load.RunAsync(
            storefront, saleId, BenchSite.SkuId,
            engine =>
            {
                rush = new Rush(processorTime);
                return engine.RunClosedAsync(connections, TimeSpan.FromSeconds(Seconds), TimeSpan.Zero, cancellationToken);
            },
            cancellationToken,
            (outcome, wantedAt) => rush.Count(outcome, wantedAt));
        return (rush, tally.Count(outcome => outcome.Kind == OutcomeKind.Accepted));
    }

    private void Count(Outcome outcome, long wantedAt)
    {
        var now = Stopwatch.GetTimestamp();
        if (Slice(now) is var answered && answered < _accepted.Length && outcome.Kind == OutcomeKind.Accepted)
        {
            Interlocked.Increment(ref _accepted[answered]);
        }

        if (answered >= SlicesInASecond && Interlocked.Exchange(ref _isSecondOver, 1) == 0)
        {
            MicrosecondsForAnOrder = (_processorTime() - _usedBefore).TotalMicroseconds / Math.Max(1, _accepted.Sum());
        }

        if (Slice(wantedAt) is var clicked && clicked < _latency.Length)
        {
            _latency[clicked].Record((long)Stopwatch.GetElapsedTime(wantedAt, now).TotalMicroseconds);
        }
    }

    private int Slice(long at) =>
        (int)(Stopwatch.GetElapsedTime(_startedAt, at).TotalMilliseconds / SliceMilliseconds);
}
