using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Seckill.OrderService.Orders;

/// <summary>Settings under <c>Expiry</c>.</summary>
public sealed class ExpiryOptions
{
    /// <summary>Interval between two searches for overdue orders, milliseconds.</summary>
    [Range(10, 60_000)]
    public int IntervalMilliseconds { get; set; } = 250;

    /// <summary>Orders in one transaction.</summary>
    [Range(1, 10_000)]
    public int MaxBatch { get; set; } = 2_000;
}

/// <summary>
/// Expires orders that were not paid in time, by the database's clock. Any number of workers may do it at once; each takes
/// orders that no other has locked. With more overdue orders than one batch while a sale is on, it pauses between batches, because the
/// buyers of the sale are waiting.
/// </summary>
internal sealed partial class OrderExpiry(
    OrderClosing orders, SaleActivity activity, IOptions<ExpiryOptions> options, TimeProvider clock, ILogger<OrderExpiry> logger)
    : BackgroundService
{
    private const int PauseByWork = 3;
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);
    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_expired =
        s_meter.CreateCounter<long>("seckill.orders.expired", "{order}", "Orders not paid in time.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await ExpireAllAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; other workers, or this one after its next start, continue.
        }
    }

    private async Task ExpireAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            int expired;
            do
            {
                var startedAt = clock.GetTimestamp();
                expired = await orders.ExpireAsync(options.Value.MaxBatch, cancellationToken);
                s_expired.Add(expired);
                if (expired == options.Value.MaxBatch && activity.IsSaleOn)
                {
                    var pause = PauseByWork * clock.GetElapsedTime(startedAt);
                    await Task.Delay(pause < s_longestPause ? pause : s_longestPause, clock, cancellationToken);
                }
            }
            while (expired == options.Value.MaxBatch);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            LogFailed(exception.Message);
        }
    }

    [LoggerMessage(500, LogLevel.Warning, "Could not expire overdue orders; retrying in the next round: {Reason}")]
    private partial void LogFailed(string reason);
}
