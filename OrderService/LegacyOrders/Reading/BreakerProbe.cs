using Npgsql;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Reading;

/// <summary>
/// Closes the breaker of a process that only reads. Without these probes, two APIs with open breakers would wait for each other, because
/// buyers never probe.
/// </summary>
internal sealed class BreakerProbe(LegacyStore store, DualWriteControl control, LegacyBreaker breaker) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (control.Current.Writes && breaker.State != BreakerState.Closed && breaker.TryEnter())
                {
                    await store.ReadAsync([], stoppingToken);
                    breaker.Succeeded(0, 0);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                breaker.Failed(LegacyFailure.Describe(exception));
            }

            await Task.Delay(s_interval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
