using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Reading;

/// <summary>
/// Closes the breaker of a process that only reads. Without these probes, two APIs with open breakers would wait for each other, because
/// buyers never probe.
/// </summary>
internal sealed class BreakerProbe(LegacyStore store, DualWriteControl control, LegacyBreaker breaker, TimeProvider clock)
    : PeriodicService(clock)
{
    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(250);
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        if (control.Current.Writes && breaker.State != BreakerState.Closed && breaker.TryEnter())
        {
            await store.ReadAsync([], stoppingToken);
            breaker.Succeeded(0, 0);
        }
    }

    protected override void OnFailure(Exception exception, bool isRepeated) => breaker.Failed(LegacyFailure.Describe(exception));
}
