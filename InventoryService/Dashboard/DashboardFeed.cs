using System.Collections.Concurrent;
using System.Threading.Channels;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.WaitingRooms;

namespace Seckill.InventoryService.Dashboard;

/// <summary>
/// (13) Looks once a second at the last answers of the stores, which are at most a second old, so that an incident begins when it does, and
/// not when a page is opened. While a viewer is connected it makes a snapshot of it, one for all viewers.
/// </summary>
internal sealed partial class DashboardFeed(
    StoreWatch stores, OrdersReader orders, StockBacklog stock, TableBacklog tables, QueueBacklog queues, HeartbeatBoard heartbeats,
    RoomWatch rooms, AuditResults audits, StoreClocks clocks, IHostApplicationLifetime lifetime, TimeProvider clock,
    ILogger<DashboardFeed> logger)
    : PeriodicService(clock)
{
    private const int MaximumViewers = 100;

    // A process is missing only when it is silent for longer than its heartbeat may need to arrive again.
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<Channel<byte[]>, bool> _viewers = new();
    private readonly IncidentLog _incidents = new();
    private (OrdersReading? Orders, IReadOnlyDictionary<ItemKey, ItemStock>? Stock, long At) _together;
    private bool _knowsSales;

    /// <summary>Snapshots as JSON, the newest only; null when there are too many viewers or the process stops. Dispose to leave.</summary>
    public Viewer? Watch()
    {
        var channel = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        _viewers[channel] = true;
        if (!lifetime.ApplicationStopping.IsCancellationRequested && _viewers.Count <= MaximumViewers)
        {
            return new Viewer(this, channel);
        }

        _viewers.TryRemove(channel, out _);
        return null;
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);
    protected override bool StartsAtOnce => true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        heartbeats.Listen();
        await using var stopping = lifetime.ApplicationStopping.Register(() =>
        {
            foreach (var viewer in _viewers.Keys)
            {
                viewer.Writer.TryComplete();
            }
        });
        await base.ExecuteAsync(stoppingToken);
    }

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        var facts = await FactsAsync(stoppingToken);
        _incidents.Look(
            [.. Condition.OfStores(facts), .. Condition.OfRoad(facts)], facts.Now, key => Condition.IsLookedFor(key, facts),
            isFirstLook: !_knowsSales);
        _knowsSales |= facts is { Orders: not null, Stock: not null };
        if (!_viewers.IsEmpty)
        {
            Show(facts);
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    private void Show(Facts facts)
    {
        var snapshot = SnapshotMaker.Make(facts, _incidents, audits.Find) with
        {
            SalesAgeSeconds = _together.Orders is null ? null : Math.Round(Clock.GetElapsedTime(_together.At).TotalSeconds, 1),
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(snapshot, DashboardJson.Default.Snapshot);
        foreach (var viewer in _viewers.Keys)
        {
            viewer.Writer.TryWrite(json);
        }
    }

    private async Task<Facts> FactsAsync(CancellationToken cancellationToken)
    {
        var (now, found) = (Clock.GetUtcNow(), await stores.AskAsync(cancellationToken));
        var traffic = found.Redis.IsUp ? heartbeats.Read() : null;
        if (traffic is { Apis: 0 } or { Workers: 0 } && (now - found.Redis.Since).Duration() < s_settling)
        {
            traffic = null;
        }

        var (read, inRedis) = (orders.Last, stock.Last);
        // Both or none: while one of them stands still, what the other says belongs to another moment.
        if (read != _together.Orders && inRedis != _together.Stock)
        {
            _together = (read, inRedis, Clock.GetTimestamp());
        }

        return new Facts(now, found, traffic, read, inRedis, tables.Last, queues.Last, audits.Broken(), audits.AgeSeconds)
        {
            ReadTogether = _together.Orders is null ? null : new ItemsAtOnce(_together.Orders.Items, _together.Stock),
            AheadOfRedis = clocks.AheadOfRedis, Rooms = rooms.Last,
        };
    }

    [LoggerMessage(490, LogLevel.Warning, "Could not make a dashboard snapshot; retrying: {Reason}")]
    private partial void LogFailed(string reason);

    /// <summary>One connected viewer.</summary>
    internal sealed class Viewer(DashboardFeed feed, Channel<byte[]> channel) : IDisposable
    {
        /// <summary>Snapshots; complete when the process stops.</summary>
        public ChannelReader<byte[]> Snapshots => channel.Reader;

        public void Dispose() => feed._viewers.TryRemove(channel, out _);
    }
}
