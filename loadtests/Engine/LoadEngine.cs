using System.Diagnostics;

namespace Seckill.LoadTests.Engine;

/// <summary>
/// Sends visitors. Open loop: each comes at a moment of its own, whatever became of those before, and its latency counts from that
/// moment; so a server that stalls is not flattered by visitors who politely stay away. Closed loop: a fixed number of users, each of
/// whom comes again when it has left.
/// </summary>
/// <param name="recorder">Counts them.</param>
/// <param name="visit">Everything that the visitor with this number does, from this moment (a Stopwatch timestamp) on.</param>
public sealed class LoadEngine(Recorder recorder, Func<long, long, Task> visit)
{
    private Exception? _error;

    /// <summary>Stopwatch timestamp at which the first visitor was due.</summary>
    public long StartedAt { get; private set; }

    /// <summary>Visitors come as planned. Ends when all of them have come and left.</summary>
    public async Task RunOpenAsync(Arrivals arrivals, CancellationToken cancellationToken)
    {
        var (begun, last) = (0L, (long)Math.Ceiling(arrivals.Seconds / Metronome.Beat.TotalSeconds));
        StartedAt = Stopwatch.GetTimestamp();
        await Metronome.RunAsync(StartedAt, (number, due) =>
        {
            for (var count = arrivals.CountBy(number * Metronome.Beat.TotalSeconds); begun < count; begun++)
            {
                // On this thread up to the first wait: a hand-over would make everybody late.
                Begin(begun, due);
            }

            return number < last && !cancellationToken.IsCancellationRequested;
        });
        await LeaveAsync();
    }

    /// <summary>So many users at once, for so long.</summary>
    /// <param name="users">At least 1.</param>
    /// <param name="time">After it nobody comes again.</param>
    /// <param name="pause">How long a user pauses between two visits, half as much up to half as much again.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <param name="most">Visits in all; after them nobody comes again either.</param>
    public async Task RunClosedAsync(
        int users, TimeSpan time, TimeSpan pause, CancellationToken cancellationToken, long most = long.MaxValue)
    {
        var next = -1L;
        StartedAt = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, users).Select(async user =>
        {
            // Users are at different places of their pause when we begin to look.
            await PauseAsync(pause * user / users);
            while (Stopwatch.GetElapsedTime(StartedAt) < time && !cancellationToken.IsCancellationRequested
                && Interlocked.Increment(ref next) is var number && number < most)
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
                // A visit may end without any wait, and there are others.
                await Task.Yield();
            }
        }
    }

    private void Begin(long number, long due)
    {
        recorder.Arrive();
        _ = VisitAsync(number, due);
    }

    private async Task VisitAsync(long number, long due)
    {
        try
        {
            await visit(number, due);
        }
        catch (Exception error)
        {
            // What the network does is an outcome; this is a mistake of ours, and the run must say so.
            Interlocked.CompareExchange(ref _error, error, null);
        }
        finally
        {
            recorder.Leave();
        }
    }

    // Each request has a limit, so everybody leaves.
    private async Task LeaveAsync()
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
