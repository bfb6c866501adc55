using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using MassTransit;
using Microsoft.Extensions.Options;
using Seckill.Shared.Connections;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Sales;

/// <summary>Settings under <c>Alerts</c>.</summary>
public sealed class AlertOptions
{
    /// <summary>Stock is low when at most this share of the allocation is for sale, 0 to 0.99.</summary>
    [Range(0.0, 0.99)]
    public double LowStockShare { get; set; } = 0.1;
}

/// <summary>
/// Publishes <see cref="StockRunningLow"/> and <see cref="ItemSoldOut"/>, once for each fall however many instances run: Redis hands
/// each crossing to one of them for a while, which publishes it and then says so. Killed before it published, or while the broker is
/// away, the crossing is handed out again; killed before it said so, it is told twice, with the same number.
/// </summary>
internal sealed partial class StockAlerts(
    StockLedger stock, SaleCatalog catalog, IBus bus, IOptions<AlertOptions> options, TimeProvider clock, ILogger<StockAlerts> logger)
    : BackgroundService
{
    private const int ItemsAtOnce = 8;

    // A dip that recovers between two polls is not reported.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_patience = OrdersReservedPublisher.Timeout;
    // Long enough for two messages and what Redis takes.
    private static readonly TimeSpan s_claim = 3 * s_patience;
    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_published =
        s_meter.CreateCounter<long>("seckill.alerts", "{event}", "Low-stock and sold-out events published.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await LookAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; what it was handed and did not tell is handed to another.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Parallel.ForEachAsync(
                await catalog.ItemsAsync(),
                new ParallelOptions { MaxDegreeOfParallelism = ItemsAtOnce, CancellationToken = cancellationToken },
                async (item, _) => await LookAsync(item));
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogFailed("all items", exception.Message);
        }
    }

    private async Task LookAsync(ItemKey item)
    {
        try
        {
            var keys = new ItemKeys(item);
            if (await stock.NoticeAsync(keys, options.Value.LowStockShare, s_claim) is not { } notice)
            {
                return;
            }

            await TellAsync(keys, StockMark.Low, notice.LowCrossing, new StockRunningLow(
                item.SaleId, item.SkuId, notice.LowCrossing, notice.Available, notice.Allocated, notice.Now));
            await TellAsync(keys, StockMark.SoldOut, notice.SoldOutCrossing, new ItemSoldOut(
                item.SaleId, item.SkuId, notice.SoldOutCrossing, notice.Allocated, notice.Now));
        }
#pragma warning disable CA1031 // Whatever a store throws, the other items go on, and the claim runs out.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFailed(item.ToString(), exception.Message);
        }
    }

    private async Task TellAsync<T>(ItemKeys item, StockMark mark, long crossing, T news)
        where T : class
    {
        if (crossing == 0)
        {
            return;
        }

        // Never a cancellable token: a cancelled publish leaves the client's channel unusable.
        await bus.Publish(news).WaitAsync(s_patience);
        s_published.Add(1, new KeyValuePair<string, object?>("mark", mark.ToString()));
        await stock.MarkPublishedAsync(item, mark, crossing);
    }

    [LoggerMessage(480, LogLevel.Warning, "Low stock of {Item} could not be told; it will be tried again: {Reason}")]
    private partial void LogFailed(string item, string reason);
}
