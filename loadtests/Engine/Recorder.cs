using System.Diagnostics;

namespace Seckill.LoadTests.Engine;

/// <summary>Keeps the tally of the whole run and of the current second.</summary>
public sealed class Recorder
{
    private Tally _second = new();
    private long _visitors;

    /// <summary>Of the whole run.</summary>
    public Tally Total { get; } = new();

    /// <summary>Visitors who have arrived and not left.</summary>
    public long Visitors => Volatile.Read(ref _visitors);

    /// <summary>A visitor arrives.</summary>
    public void Arrive()
    {
        Interlocked.Increment(ref _visitors);
        Total.Arrive();
        Volatile.Read(ref _second).Arrive();
    }

    /// <summary>A visitor leaves.</summary>
    public void Leave() => Interlocked.Decrement(ref _visitors);

    /// <summary>A request must wait for a connection.</summary>
    public void Wait()
    {
        Total.Wait();
        Volatile.Read(ref _second).Wait();
    }

    /// <summary>A visitor whose turn it was at <paramref name="dueAt"/> is served now, and a connection was free all the time.</summary>
    public void Begin(long dueAt)
    {
        var late = Microseconds(dueAt, Stopwatch.GetTimestamp());
        Total.Lateness.Record(late);
        Volatile.Read(ref _second).Lateness.Record(late);
    }

    /// <summary>A request is over.</summary>
    /// <param name="step">Which kind.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="wantedAt">When it should have been sent.</param>
    /// <param name="sentAt">When it was.</param>
    public void End(Step step, Outcome outcome, long wantedAt, long sentAt)
    {
        var now = Stopwatch.GetTimestamp();
        var latency = Microseconds(wantedAt, now);
        Total.Record(step, outcome, latency);
        Total.Service.Record(Microseconds(sentAt, now));
        Volatile.Read(ref _second).Record(step, outcome, latency);
    }

    /// <summary>Begins a new second.</summary>
    /// <returns>The one before. An answer that was counted in this very moment may still be added to it.</returns>
    public Tally NextSecond() => Interlocked.Exchange(ref _second, new Tally());

    private static long Microseconds(long from, long to) => (to - from) / (Stopwatch.Frequency / 1_000_000);
}
