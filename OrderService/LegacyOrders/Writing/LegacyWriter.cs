using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Verification;

namespace Seckill.OrderService.LegacyOrders.Writing;

/// <summary>(8) Brings the changes of orders to the legacy database for as long as the mode says so. Any number of workers may.</summary>
internal sealed partial class LegacyWriter(
    NpgsqlDataSource database, LegacyBatch batch, DualWriteControl control, LegacyBreaker breaker, IOptions<LegacyOptions> options,
    ILogger<LegacyWriter> logger) : BackgroundService
{
    private const double LagToJoinSeconds = 2;
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_betweenSmallBatches = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_gaugeInterval = TimeSpan.FromSeconds(2);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, options.Value.Writers)
            .Select(writer => WriteAllAsync(writer == 0, stoppingToken)).Append(MeasureAsync(stoppingToken)));

    // The first writer keeps up with a sale. The others join when it does not: until then they would only take from persisting,
    // which is what buyers wait for.
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
                    // Full batches follow each other at once; this is how a backlog drains. After a small one another lane is next.
                    var written = await batch.WriteAsync(cancellationToken);
                    wait = written == 0 ? s_idle : written < options.Value.MaxBatch / 2 ? s_betweenSmallBatches : TimeSpan.Zero;
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

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (control.Current.Mode == "retired")
                {
                    await LegacyOutbox.DropRetiredAsync(database, cancellationToken);
                }

                var (pending, lagSeconds) = await LegacyOutbox.WaitingAsync(database, cancellationToken);
                LegacyMetrics.Waiting(pending, lagSeconds);
                LegacyMetrics.Open(await DiscrepancyStore.CountOpenAsync(database, cancellationToken));
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                // The gauges keep their last values.
            }

            await Task.Delay(s_gaugeInterval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(601, LogLevel.Warning, "Changes for the legacy database wait: {Reason}")]
    private partial void LogFailed(string reason);
}
