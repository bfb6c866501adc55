using System.Diagnostics;

namespace Seckill.LoadTests.Engine;

/// <summary>
/// Sends visitors. Open loop: each arrives on schedule, independent of earlier ones, and its latency counts from the scheduled moment, so
/// that a stall of the server shows. Closed loop: a fixed number of users, each of whom visits again after leaving.
/// </summary>
/// <param name="recorder">Counts them.</param>
/// <param name="visit">What the visitor with this number does; takes the scheduled moment (a Stopwatch timestamp) too.</param>
public sealed class LoadEngine(Recorder recorder, Func<long, long, Task> visit)
{
    private Exception? _error;
    private long _startedAt;
    private long _endedAt;

    /// <summary>Stopwatch timestamp at which the first visitor was due; with another generator, at which the first one came.</summary>
    public long StartedAt => Volatile.Read(ref _startedAt);

    /// <summary>From the first visitor until the last one who has left so far.</summary>
    public TimeSpan Elapsed => Volatile.Read(ref _endedAt) is var end and > 0 ? Stopwatch.GetElapsedTime(StartedAt, end) : TimeSpan.Zero;

    /// <summary>An open loop. Ends when all visitors have left.</summary>
    public async Task RunOpenAsync(Arrivals arrivals, CancellationToken cancellationToken)
    {
        var (begun, last) = (0L, (long)Math.Ceiling(arrivals.Seconds / Metronome.Beat.TotalSeconds));
        _startedAt = Stopwatch.GetTimestamp();
        await Metronome.RunAsync(_startedAt, (number, due) =>
        {
            for (var count = arrivals.CountBy(number * Metronome.Beat.TotalSeconds); begun < count; begun++)
            {
                // On this thread up to the first wait: a hand-over would make all of them late.
                Begin(begun, due);
            }

            return number < last && !cancellationToken.IsCancellationRequested;
        });
        await LeaveAsync();
    }

    /// <summary>A closed loop.</summary>
    /// <param name="users">At least 1.</param>
    /// <param name="time">Duration; no visit begins after it.</param>
    /// <param name="pause">Mean pause of a user between two visits; each is 0.5 to 1.5 times that.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <param name="maximum">Visits in all.</param>
    public async Task RunClosedAsync(
        int users, TimeSpan time, TimeSpan pause, CancellationToken cancellationToken, long maximum = long.MaxValue)
    {
        var next = -1L;
        _startedAt = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, users).Select(async user =>
        {
            // Users begin at different points of their pause.
            await PauseAsync(pause * user / users);
            while (Stopwatch.GetElapsedTime(_startedAt) < time && !cancellationToken.IsCancellationRequested
                && Interlocked.Increment(ref next) is var number && number < maximum)
            {
                recorder.Arrive();
                await VisitAsync(number, Stopwatch.GetTimestamp());
                await PauseAsync(pause * (0.5 + Random.Shared.NextDouble()));
            }
        }));

        async ValueTask PauseAsync(TimeSpan length)
        {
            if (length > TimeSpan.Zero)
            {
                await Task.Delay(length, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            else
            {
                // A visit may end without any wait, and would starve the others.
                await Task.Yield();
            }
        }
    }

    /// <summary>A visitor whom another generator sends. The first error of a visit is kept, as in the own loops.</summary>
    public Task CountAsync(Func<Task> go)
    {
        Interlocked.CompareExchange(ref _startedAt, Stopwatch.GetTimestamp(), 0);
        recorder.Arrive();
        return VisitAsync(go);
    }

    private void Begin(long number, long due)
    {
        recorder.Arrive();
        _ = VisitAsync(number, due);
    }

    private Task VisitAsync(long number, long due) => VisitAsync(() => visit(number, due));

    private async Task VisitAsync(Func<Task> go)
    {
        try
        {
            await go();
        }
        catch (Exception error)
        {
            // Network errors are outcomes; this is a defect of the scenario, and the run must report it.
            Interlocked.CompareExchange(ref _error, error, null);
        }
        finally
        {
            Volatile.Write(ref _endedAt, Stopwatch.GetTimestamp());
            recorder.Leave();
        }
    }

    /// <summary>Waits until all visitors have left. Each request has a limit, so they do.</summary>
    public async Task LeaveAsync()
    {
        while (recorder.Visitors > 0)
        {
            await Task.Delay(5);
        }
    }

    /// <summary>Throws when a visit has ended with an error of its own.</summary>
    public void ThrowIfBroken()
    {
        if (_error is not null)
        {
            throw new InvalidOperationException($"A visit ended with an error: {_error.Message}", _error);
        }
    }
}
