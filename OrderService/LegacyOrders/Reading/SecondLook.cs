using System.Threading.Channels;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Verification;

namespace Seckill.OrderService.LegacyOrders.Reading;

/// <summary>
/// Verifies, in the background, orders whose legacy row was not as expected at a buyer's read. What does not fit into its list, fails, or
/// is lost with the process, the continuous verifier finds.
/// </summary>
internal sealed class SecondLook(OrderVerification verification, LegacyBreaker breaker, TimeProvider clock) : PeriodicService(clock)
{
    private const int MaximumBatch = 500;
    private readonly Channel<string> _orders = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1_000) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Verifies this order soon.</summary>
    public void Add(string orderId) => _orders.Writer.TryWrite(orderId);

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(200);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        var ids = new HashSet<string>();
        while (ids.Count < MaximumBatch && _orders.Reader.TryRead(out var id))
        {
            ids.Add(id);
        }

        if (ids.Count > 0 && breaker.State == BreakerState.Closed)
        {
            var result = await verification.VerifyAsync(ids, stoppingToken);
            breaker.Succeeded(result.Verified + result.Mismatched, result.Mismatched);
        }
    }

    protected override void OnFailure(Exception exception, bool isRepeated)
    {
        if (LegacyDatabase.IsSourceOf(exception))
        {
            breaker.Failed(LegacyFailure.Describe(exception));
        }
    }
}
