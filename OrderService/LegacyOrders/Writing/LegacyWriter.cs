using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Writing;

/// <summary>(8) Writes the changes of orders to the legacy database while the mode asks for it. Any number of workers may run it.</summary>
internal sealed partial class LegacyWriter(
    LegacyBatch batch, DualWriteControl control, LegacyBreaker breaker, IOptions<LegacyOptions> options, ILogger<LegacyWriter> logger)
    : BackgroundService
{
    private const double LagToJoinSeconds = 2;
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_smallBatchPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, options.Value.Writers).Select(writer => WriteAllAsync(writer == 0, stoppingToken)));

    // The first writer keeps up with a sale. The others join when it does not: before that they would only slow down persisting, which
    // buyers wait for.
    private async Task WriteAllAsync(bool isFirst, CancellationToken cancellationToken)
    {
        var pause = s_idle;
        while (!cancellationToken.IsCancellationRequested)
        {
            var wait = s_idle;
            try
            {
                if (control.Current.Writes && (isFirst || batch.LagSeconds > LagToJoinSeconds) && breaker.TryEnter())
                {
                    // Full batches follow each other without a pause, to drain a backlog. After a small one another lane is next.
                    var written = await batch.WriteAsync(cancellationToken);
                    wait = written == 0 ? s_idle : written < options.Value.MaxBatch / 2 ? s_smallBatchPause : TimeSpan.Zero;
                    pause = s_idle;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                breaker.Abandoned();
                LogFailed(exception.Message);
                wait = pause;
                pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_longestPause.Ticks));
            }

            await Task.Delay(wait, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(601, LogLevel.Warning, "Legacy write failed; its changes wait in the legacy outbox: {Reason}")]
    private partial void LogFailed(string reason);
}
