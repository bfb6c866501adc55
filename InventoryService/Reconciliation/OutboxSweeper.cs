using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Seckill.Shared.Contracts;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>
/// (10) Publishes reserved orders that nobody published, or whose message got lost: an API that died after the reservation, a
/// broker that was away. Oldest first, in batches. Any number of sweepers may run; each claims entries of its own.
/// </summary>
internal sealed partial class OutboxSweeper(
    StockLedger stock, SaleCatalog catalog, BrokerProbe broker, OrdersReservedPublisher publisher, IOptions<SweeperOptions> options,
    TimeProvider clock, ILogger<OutboxSweeper> logger) : BackgroundService
{
    // Orders in a message.
    private const int MaxBatch = 256;
    private static readonly Meter s_meter = new("Seckill");

    private static readonly Counter<long> s_published =
        s_meter.CreateCounter<long>("seckill.sweeper.orders", "{order}", "Orders that the sweeper published.");

    private static readonly Counter<long> s_orphans =
        s_meter.CreateCounter<long>("seckill.sweeper.orphans", "{entry}", "Outbox entries without a hold; each needs a look.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // What begins at one instead of nothing has not increased, for Prometheus.
        s_orphans.Add(0);
        s_published.Add(0);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await SweepAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops. What was claimed and not published becomes due again.
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A bus without its broker keeps each message, without end, until there is one.
            if (!await broker.AnswersAsync())
            {
                return;
            }

            foreach (var item in await catalog.ItemsAsync())
            {
                await SweepItemAsync(item, cancellationToken);
            }
        }
#pragma warning disable CA1031 // Whatever a store throws, the next round tries again: nobody else sweeps.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogRoundFailed("all items", exception.Message);
        }
    }

    private async Task SweepItemAsync(ItemKey item, CancellationToken cancellationToken)
    {
        try
        {
            while (await SweepBatchAsync(item) == MaxBatch)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
#pragma warning disable CA1031 // Whatever a store throws, the other items go on. The broker's client also cancels what nobody asked it to.
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
            keys,
            TimeSpan.FromMilliseconds(settings.MinimumAgeMilliseconds),
            MaxBatch,
            TimeSpan.FromMilliseconds(settings.LongestPauseMilliseconds));
        ReservedOrder[] orders =
        [
            .. claimed.Where(entry => entry.Hold is not null)
                .Select(entry => (entry.OrderId, Hold: entry.Hold!.Value))
                .Select(entry => new ReservedOrder(entry.OrderId, entry.Hold.UserId, entry.Hold.Units, entry.Hold.ReservedAt)),
        ];
        foreach (var (orderId, hold) in claimed.Where(entry => entry.Hold is null))
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

    [LoggerMessage(400, LogLevel.Information, "Published {Orders} orders of {Item} that had waited in the outbox.")]
    private partial void LogPublished(int orders, string item);

    [LoggerMessage(401, LogLevel.Warning, "Sweeping {Item} failed; the next round tries again: {Reason}")]
    private partial void LogRoundFailed(string item, string reason);

    [LoggerMessage(402, LogLevel.Error, "Outbox entry {OrderId} of {Item} has no hold.")]
    private partial void LogOrphan(string orderId, string item);
}
