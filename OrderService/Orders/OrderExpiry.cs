using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Seckill.OrderService.Orders;

/// <summary>Settings under <c>Expiry</c>.</summary>
public sealed class ExpiryOptions
{
    /// <summary>Time between two looks for overdue orders, milliseconds.</summary>
    [Range(10, 60_000)]
    public int IntervalMilliseconds { get; set; } = 250;

    /// <summary>Orders in one transaction.</summary>
    [Range(1, 10_000)]
    public int MaxBatch { get; set; } = 2_000;
}

/// <summary>
/// Expires orders that were not paid in time, by the database's clock. Any number of workers may do it at once; each takes
/// orders that no other has locked. When very many are overdue while a sale is on, it rests between batches: their buyers are late
/// already, and those of the sale are waiting.
/// </summary>
internal sealed partial class OrderExpiry(
    OrderStore orders, SaleActivity activity, IOptions<ExpiryOptions> options, TimeProvider clock, ILogger<OrderExpiry> logger)
    : BackgroundService
{
    private const int RestByWork = 3;
    private static readonly TimeSpan s_longestRest = TimeSpan.FromSeconds(1);
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
            // The process stops; others, or the next start, go on.
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
                    var rest = RestByWork * clock.GetElapsedTime(startedAt);
                    await Task.Delay(rest < s_longestRest ? rest : s_longestRest, clock, cancellationToken);
                }
            }
            while (expired == options.Value.MaxBatch);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            LogFailed(exception.Message);
        }
    }

    [LoggerMessage(500, LogLevel.Warning, "Overdue orders could not be expired; the next round tries again: {Reason}")]
    private partial void LogFailed(string reason);
}
