using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Dashboard;

/// <summary>
/// (13) Looks once a second while somebody watches, for all viewers together. While nobody does, it only asks every few seconds
/// whether the stores are there, so that the incidents are known to whoever comes to see what happened.
/// </summary>
internal sealed partial class DashboardFeed(
    StoreWatch stores, OrdersReader ordersReader, StockReader stockReader, QueueWatch queueWatch, HeartbeatBoard heartbeats, AuditResults audits,
    BacklogMetrics backlogs, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<DashboardFeed> logger) : BackgroundService
{
    private const int MostViewers = 100;
    private const int TicksBetweenIdleLooks = 5;
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    // A process is missing only when it has been silent for longer than a heartbeat may take to come through again.
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Channel<byte[]>, bool> _viewers = new();
    private readonly LastKnown<OrdersReading> _orders = new(clock);
    private readonly LastKnown<IReadOnlyDictionary<ItemKey, ItemStock>> _stock = new(clock);
    private readonly LastKnown<Queues> _queues = new(clock);
    private readonly IncidentLog _incidents = new();

    /// <summary>Snapshots as JSON, the newest only; null when there are too many viewers or the process stops. Dispose to leave.</summary>
    public Viewer? Watch()
    {
        var channel = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        _viewers[channel] = true;
        if (!lifetime.ApplicationStopping.IsCancellationRequested && _viewers.Count <= MostViewers)
        {
            return new Viewer(this, channel);
        }

        _viewers.TryRemove(channel, out _);
        return null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var stopping = lifetime.ApplicationStopping.Register(() =>
        {
            foreach (var viewer in _viewers.Keys)
            {
                viewer.Writer.TryComplete();
            }
        });
        using var timer = new PeriodicTimer(s_interval, clock);
        var (tick, watched) = (0, false);
        try
        {
            do
            {
                var before = watched;
                watched = !_viewers.IsEmpty;
                if (watched || tick++ % TicksBetweenIdleLooks == 0)
                {
                    await LookAsync(watched, isFirstLook: !before, stoppingToken);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; the viewers go to another one.
        }
    }

    private async Task LookAsync(bool watched, bool isFirstLook, CancellationToken cancellationToken)
    {
        try
        {
            if (watched)
            {
                await LookAtAllAsync(isFirstLook, cancellationToken);
                return;
            }

            await queueWatch.DropAsync();
            var facts = await FactsAsync(stores.AskAsync(cancellationToken));
            _incidents.Look(
                [.. Condition.OfStores(facts)], facts.Now, Condition.IsOfStores, isFirstLook: false);
        }
#pragma warning disable CA1031 // Whatever it was, the next look tries again; the service never stops for it.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogFailed(exception.Message);
        }
    }

    private async Task LookAtAllAsync(bool isFirstLook, CancellationToken cancellationToken)
    {
        var asked = stores.AskAsync(cancellationToken);
        var others = Task.WhenAll(asked, _queues.RefreshAsync(queueWatch.ReadAsync));
        // It names the items whose stock is asked for.
        await _orders.RefreshAsync(ordersReader.ReadAsync);
        await _stock.RefreshAsync(ReadStockAsync);
        await others;
        var facts = await FactsAsync(asked);
        _incidents.Look(
            [.. Condition.OfStores(facts), .. Condition.OfRoad(facts)], facts.Now, key => Condition.IsLookedFor(key, facts), isFirstLook);
        var snapshot = SnapshotMaker.Make(facts, _incidents, audits.Find) with
        {
            RedisAgeSeconds = _stock.AgeSeconds, PostgresAgeSeconds = _orders.AgeSeconds,
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(snapshot, DashboardJson.Default.Snapshot);
        foreach (var viewer in _viewers.Keys)
        {
            viewer.Writer.TryWrite(json);
        }
    }

    // The items that PostgreSQL named last: while it is away these are still the ones that sell.
    private Task<IReadOnlyDictionary<ItemKey, ItemStock>> ReadStockAsync() =>
        stockReader.ReadAsync(
            (_orders.Value?.Items ?? []).Where(item => item.IsWarm).Select(item => new ItemKey(item.SaleId, item.SkuId)),
            lifetime.ApplicationStopping);

    private async Task<Facts> FactsAsync(Task<Stores> asked)
    {
        var (now, found) = (clock.GetUtcNow(), await asked);
        var traffic = found.Redis.IsUp ? heartbeats.Read() : null;
        if (traffic is { Apis: 0 } or { Workers: 0 } && now - found.Redis.Since < s_settling)
        {
            traffic = null;
        }

        return new Facts(
            now, found, traffic, _orders.Value, _stock.Value, backlogs.Items, _queues.Value, audits.Broken(), audits.AgeSeconds);
    }

    [LoggerMessage(490, LogLevel.Warning, "The dashboard could not look; it will look again: {Reason}")]
    private partial void LogFailed(string reason);

    /// <summary>Somebody who watches.</summary>
    internal sealed class Viewer(DashboardFeed feed, Channel<byte[]> channel) : IDisposable
    {
        /// <summary>Snapshots; complete when the process stops.</summary>
        public ChannelReader<byte[]> Snapshots => channel.Reader;

        public void Dispose() => feed._viewers.TryRemove(channel, out _);
    }
}
