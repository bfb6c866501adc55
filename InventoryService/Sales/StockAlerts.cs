using System.ComponentModel.DataAnnotations;
using MassTransit;
using StackExchange.Redis;

namespace Seckill.InventoryService.Sales;

/// <summary>Settings under <c>Alerts</c>.</summary>
public sealed class AlertOptions
{
    /// <summary>Stock is low when at most this share of the allocation is for sale, 0 to 0.99.</summary>
    [Range(0.0, 0.99)] public double LowStockShare { get; set; } = 0.1;
}

/// <summary>
/// Publishes <see cref="StockRunningLow"/> and <see cref="ItemSoldOut"/>, at least once for each fall, with any number of instances.
/// Redis hands each crossing to one instance for a while, which publishes it and marks it as published. After a kill before the publish,
/// or while the broker is down, another instance gets the crossing; after a kill before the mark, it is published twice, with the same
/// number.
/// </summary>
internal sealed partial class StockAlerts(
    StockLedger stock, ActiveItems items, IBus bus, IOptions<AlertOptions> options, TimeProvider clock, ILogger<StockAlerts> logger)
    : PeriodicService(clock)
{
    private const int ItemsAtOnce = 8;

    // A dip that recovers between two polls is not reported.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_timeout = OrdersReservedPublisher.Timeout;
    // Long enough for two messages and what Redis takes.
    private static readonly TimeSpan s_claim = 3 * s_timeout;
    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_published =
        s_meter.CreateCounter<long>("seckill.alerts", "{event}", "Low-stock and sold-out events published.");

    protected override TimeSpan Interval => s_interval;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken) =>
        await Parallel.ForEachAsync(
            await items.ListAsync(),
            new ParallelOptions { MaxDegreeOfParallelism = ItemsAtOnce, CancellationToken = stoppingToken },
            async (item, _) => await CheckAsync(item));

    protected override void OnOutage(Exception exception) => LogFailed("all items", exception.Message);

    private async Task CheckAsync(ItemKey item)
    {
        try
        {
            var keys = new ItemKeys(item);
            if (await stock.NoticeAsync(keys, options.Value.LowStockShare, s_claim) is not { } notice)
            {
                return;
            }

            await PublishAsync(keys, StockMark.Low, notice.LowCrossing, new StockRunningLow(
                item.SaleId, item.SkuId, notice.LowCrossing, notice.Available, notice.Allocated, notice.Now));
            await PublishAsync(keys, StockMark.SoldOut, notice.SoldOutCrossing, new ItemSoldOut(
                item.SaleId, item.SkuId, notice.SoldOutCrossing, notice.Allocated, notice.Now));
        }
#pragma warning disable CA1031 // The other items continue, and the claim runs out.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFailed(item.ToString(), exception.Message);
        }
    }

    private async Task PublishAsync<T>(ItemKeys item, StockMark mark, long crossing, T message)
        where T : class
    {
        if (crossing == 0)
        {
            return;
        }

        // Never a cancellable token: a cancelled publish leaves the client's channel unusable.
        await bus.Publish(message).WaitAsync(s_timeout);
        s_published.Add(1, new KeyValuePair<string, object?>("mark", mark.ToString()));
        await stock.MarkPublishedAsync(item, mark, crossing);
    }

    [LoggerMessage(480, LogLevel.Warning, "Could not publish low-stock alert for {Item}; retrying: {Reason}")]
    private partial void LogFailed(string item, string reason);
}
