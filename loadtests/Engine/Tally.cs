namespace Seckill.LoadTests.Engine;

/// <summary>Counts and latencies of a span of time. Safe from any thread.</summary>
public sealed class Tally
{
    private static readonly int s_outcomes = Outcome.All.Count;
    private readonly long[] _counts = new long[Step.All.Count * s_outcomes];
    private readonly Histogram[] _latencies = [.. Enum.GetValues<OutcomeKind>().Select(_ => new Histogram())];
    private long _arrivals;
    private long _waited;

    /// <summary>Visitors who came.</summary>
    public long Arrivals => Volatile.Read(ref _arrivals);

    /// <summary>Requests that found no free connection.</summary>
    public long Waited => Volatile.Read(ref _waited);

    /// <summary>How late the generator began, of visitors for whom a connection was free.</summary>
    public Histogram Lateness { get; } = new();

    /// <summary>From sending to answer, of all requests: without the wait for a connection, and without the generator's lateness.</summary>
    public Histogram Service { get; } = new();

    /// <summary>Answers and failures.</summary>
    public long Requests => Count(_ => true);

    /// <summary>A visitor comes.</summary>
    public void Arrive() => Interlocked.Increment(ref _arrivals);

    /// <summary>A request must wait for a connection.</summary>
    public void Wait() => Interlocked.Increment(ref _waited);

    /// <summary>A request is over.</summary>
    public void Record(Step step, Outcome outcome, long microseconds)
    {
        Interlocked.Increment(ref _counts[(step.Index * s_outcomes) + outcome.Index]);
        _latencies[(int)outcome.Kind].Record(microseconds);
    }

    /// <summary>Requests that ended so.</summary>
    public long Count(Step step, Outcome outcome) => Volatile.Read(ref _counts[(step.Index * s_outcomes) + outcome.Index]);

    /// <summary>Requests of all kinds that ended so.</summary>
    public long Count(Func<Outcome, bool> which) =>
        Outcome.All.Where(which).Sum(outcome => Step.All.Sum(step => Count(step, outcome)));

    /// <summary>How long the answers of a kind took, from the moment at which they were wanted.</summary>
    public Histogram Latency(OutcomeKind kind) => _latencies[(int)kind];

    /// <summary>How long all requests took, from the moment at which they were wanted; those that failed count too.</summary>
    public Histogram Latency() => Histogram.Sum(_latencies);
}
