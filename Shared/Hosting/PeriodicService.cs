using System.Data.Common;

namespace Seckill.Shared.Hosting;

/// <summary>
/// Repeats one round until the process stops. A failed round never ends the service, which would end its process: the next round tries
/// again. Rounds of one service do not overlap.
/// </summary>
public abstract class PeriodicService(TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan s_longestMigration = TimeSpan.FromMinutes(1);
    private (Type Type, string? SqlState)? _lastFailure;
    private long _startedAt;

    /// <summary>Measures intervals and rounds.</summary>
    protected TimeProvider Clock { get; } = clock;

    /// <summary>Time between the starts of two rounds. A longer round is followed by the next one at once. Read before each wait.</summary>
    protected abstract TimeSpan Interval { get; }

    /// <summary>True to run the first round at once, and not after <see cref="Interval"/>.</summary>
    protected virtual bool StartsAtOnce => false;

    /// <summary>One round. What it throws goes to <see cref="OnFailure"/>.</summary>
    /// <param name="stoppingToken">Cancelled when the process stops; a cancellation for another reason is a failure.</param>
    protected abstract Task RunRoundAsync(CancellationToken stoppingToken);

    /// <summary>
    /// A round failed in another way than the round before: log it, unless other lines report the same outage. One line is enough.
    /// </summary>
    protected virtual void OnOutage(Exception exception) { }

    /// <summary>A round failed. Override to act on each failure, and not only on the first of an outage.</summary>
    /// <param name="exception">What the round threw.</param>
    /// <param name="isRepeated">True when the round before failed in the same way.</param>
    protected virtual void OnFailure(Exception exception, bool isRepeated)
    {
        if (!isRepeated)
        {
            OnOutage(exception);
        }
    }

    /// <summary>
    /// Pause before the next round; negative is none. Override to rest longer after a long round, or to continue at once while there is
    /// work.
    /// </summary>
    /// <param name="round">Duration of the last round, failed or not.</param>
    protected virtual TimeSpan PauseAfter(TimeSpan round) => Interval - round;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _startedAt = Clock.GetTimestamp();
        var pause = StartsAtOnce ? TimeSpan.Zero : Interval;
        while (true)
        {
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, Clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            var startedAt = Clock.GetTimestamp();
            await TryRoundAsync(stoppingToken);
            pause = PauseAfter(Clock.GetElapsedTime(startedAt));
        }
    }

    private async Task TryRoundAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunRoundAsync(stoppingToken);
            _lastFailure = null;
        }
#pragma warning disable CA1031 // A client library may throw anything in an outage, cancellations included.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (!stoppingToken.IsCancellationRequested && !IsBeforeTheSchema(exception))
            {
                // Not the message: those of Redis timeouts contain counters.
                var failure = (exception.GetType(), (exception as DbException)?.SqlState);
                var isRepeated = failure == _lastFailure;
                _lastFailure = failure;
                OnFailure(exception, isRepeated);
            }
        }
    }

    /// <summary>
    /// True when a round at the first start came before its table, column or function: no outage, and the migrator reports what keeps it
    /// from making them.
    /// </summary>
    protected bool IsBeforeTheSchema(Exception exception) =>
        exception is DbException { SqlState: "42P01" or "42703" or "42883" } && Clock.GetElapsedTime(_startedAt) < s_longestMigration;
}
