using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Orders;

/// <summary>Settings under <c>Expiry</c>.</summary>
public sealed class ExpiryOptions
{
    /// <summary>Interval between two searches for overdue orders, milliseconds.</summary>
    [Range(10, 60_000)] public int IntervalMilliseconds { get; set; } = 250;

    /// <summary>Orders in one transaction.</summary>
    [Range(1, 10_000)] public int MaxBatch { get; set; } = 2_000;
}

/// <summary>
/// Expires orders that were not paid in time, by the database's clock. Any number of workers may do it at once; each takes
/// orders that no other has locked. With more overdue orders than one batch while a sale is on, it pauses between batches, because the
/// buyers of the sale are waiting.
/// </summary>
internal sealed partial class OrderExpiry(
    OrderClosing orders, SaleActivity activity, IOptions<ExpiryOptions> options, TimeProvider clock, ILogger<OrderExpiry> logger)
    : PeriodicService(clock)
{
    private const int PauseByWork = 3;
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    private bool _isMoreOverdue;

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        _isMoreOverdue = false;
        var expired = await orders.ExpireAsync(options.Value.MaxBatch, stoppingToken);
        _isMoreOverdue = expired == options.Value.MaxBatch;
    }

    protected override TimeSpan PauseAfter(TimeSpan round)
    {
        if (!_isMoreOverdue)
        {
            return base.PauseAfter(round);
        }

        var pause = PauseByWork * round;
        return !activity.IsSaleOn ? TimeSpan.Zero : pause < s_longestPause ? pause : s_longestPause;
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(500, LogLevel.Warning, "Could not expire overdue orders; retrying in the next round: {Reason}")]
    private partial void LogFailed(string reason);
}
