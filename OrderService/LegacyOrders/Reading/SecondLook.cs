using System.Threading.Channels;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Verification;

namespace Seckill.OrderService.LegacyOrders.Reading;

/// <summary>
/// Verifies, in the background, orders whose legacy row was not as expected at a buyer's read. What does not fit into its list, or is
/// lost with the process, the continuous verifier finds.
/// </summary>
internal sealed class SecondLook(OrderVerification verification, LegacyBreaker breaker) : BackgroundService
{
    private const int MaximumBatch = 500;
    private readonly Channel<string> _orders = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1_000) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Verifies this order soon.</summary>
    public void Add(string orderId) => _orders.Writer.TryWrite(orderId);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _orders.Reader.WaitToReadAsync(stoppingToken))
            {
                var ids = new HashSet<string>();
                while (ids.Count < MaximumBatch && _orders.Reader.TryRead(out var id))
                {
                    ids.Add(id);
                }

                if (breaker.State == BreakerState.Closed)
                {
                    await VerifyAsync(ids, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops.
        }
    }

    private async Task VerifyAsync(HashSet<string> ids, CancellationToken cancellationToken)
    {
        try
        {
            var result = await verification.VerifyAsync(ids, cancellationToken);
            breaker.Succeeded(result.Verified + result.Mismatched, result.Mismatched);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            if (LegacyDatabase.IsSourceOf(exception))
            {
                breaker.Failed(LegacyFailure.Describe(exception));
            }
        }
    }
}
