using System.ComponentModel.DataAnnotations;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Outbox;

/// <summary>Settings under <c>Sweeper</c>.</summary>
public sealed class SweeperOptions
{
    /// <summary>Time between two rounds, milliseconds.</summary>
    [Range(10, 60_000)] public int IntervalMilliseconds { get; set; } = 1_000;

    /// <summary>Minimum age of an outbox entry, milliseconds. Younger entries are published by the instance that reserved them.</summary>
    [Range(0, 600_000)] public int MinimumAgeMilliseconds { get; set; } = 5_000;

    /// <summary>Longest pause between two attempts for one entry, milliseconds. The pause doubles up to this limit.</summary>
    [Range(100, 3_600_000)] public int LongestPauseMilliseconds { get; set; } = 300_000;
}

/// <summary>
/// (10) Publishes reserved orders that were not published, or whose message was lost: after the crash of an API, after an outage of the
/// broker. Oldest first, in batches. Any number of sweepers may run; each claims its own entries.
/// </summary>
internal sealed partial class OutboxSweeper(
    StockLedger stock, ActiveItems items, BrokerClient broker, OrdersReservedPublisher publisher, IOptions<SweeperOptions> options,
    TimeProvider clock, ILogger<OutboxSweeper> logger) : PeriodicService(clock)
{
    // Orders in a message.
    private const int MaxBatch = 256;
    private static readonly Meter s_meter = new("Seckill");

    private static readonly Counter<long> s_published =
        s_meter.CreateCounter<long>("seckill.sweeper.orders", "{order}", "Orders that the sweeper published.");

    private static readonly Counter<long> s_orphans =
        s_meter.CreateCounter<long>("seckill.sweeper.orphans", "{entry}", "Outbox entries without a hold; each needs an investigation.");

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Prometheus sees no increase when a counter first appears with a value above 0.
        s_orphans.Add(0);
        s_published.Add(0);
        return base.ExecuteAsync(stoppingToken);
    }

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        // Without its broker, a bus queues messages in memory without bound.
        if (!await broker.AnswersAsync())
        {
            return;
        }

        foreach (var item in await items.ListAsync())
        {
            await SweepItemAsync(item, stoppingToken);
        }
    }

    protected override void OnOutage(Exception exception) => LogRoundFailed("all items", exception.Message);

    private async Task SweepItemAsync(ItemKey item, CancellationToken cancellationToken)
    {
        try
        {
            while (await SweepBatchAsync(item) == MaxBatch)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
#pragma warning disable CA1031 // The other items continue, whatever a store throws. The broker client throws cancellations of its own.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogRoundFailed(item.ToString(), exception.Message);
        }
    }

    /// <returns>How many entries were claimed.</returns>
    private async Task<int> SweepBatchAsync(ItemKey item)
    {
        var settings = options.Value;
        var keys = new ItemKeys(item);
        var claimed = await stock.ClaimAsync(
            keys, TimeSpan.FromMilliseconds(settings.MinimumAgeMilliseconds), MaxBatch,
            TimeSpan.FromMilliseconds(settings.LongestPauseMilliseconds));
        ReservedOrder[] orders =
        [
            .. claimed.Where(entry => entry.Hold is not null).Select(entry => entry.Hold!.Value.ToOrder(entry.OrderId)),
        ];
        foreach (var (orderId, _) in claimed.Where(entry => entry.Hold is null))
        {
            s_orphans.Add(1);
            LogOrphan(orderId, item.ToString());
        }

        if (orders.Length > 0 && await stock.InspectAsync(keys) is { } snapshot)
        {
            FailPoint.Reach("10-claimed");
            await publisher.PublishAsync(new OrdersReserved(item.SaleId, item.SkuId, snapshot.UnitPrice, snapshot.Currency, orders));
            s_published.Add(orders.Length);
            LogPublished(orders.Length, item.ToString());
        }

        return claimed.Count;
    }

    [LoggerMessage(400, LogLevel.Warning, "The sweeper published {Orders} orders of {Item}, which had no row in time.")]
    private partial void LogPublished(int orders, string item);
    [LoggerMessage(401, LogLevel.Warning, "Could not sweep the outbox of {Item}; retrying: {Reason}")]
    private partial void LogRoundFailed(string item, string reason);
    [LoggerMessage(402, LogLevel.Error, "Outbox entry {OrderId} of {Item} has no hold.")]
    private partial void LogOrphan(string orderId, string item);
}
