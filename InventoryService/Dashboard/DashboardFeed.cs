using System.Collections.Concurrent;
using System.Threading.Channels;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;

namespace Seckill.InventoryService.Dashboard;

/// <summary>
/// (13) Makes a snapshot once a second while a viewer is connected, one for all viewers, of the last answers of the stores, which are at
/// most a second old. Without a viewer it only checks every few seconds whether the stores answer, so that the next viewer sees past
/// incidents.
/// </summary>
internal sealed partial class DashboardFeed(
    StoreWatch stores, OrdersReader orders, StockBacklog stock, TableBacklog tables, QueueBacklog queues, HeartbeatBoard heartbeats,
    AuditResults audits, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<DashboardFeed> logger) : PeriodicService(clock)
{
    private const int MaximumViewers = 100;
    private const int RoundsBetweenIdleChecks = 5;

    // A process is missing only when it is silent for longer than its heartbeat may need to arrive again.
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<Channel<byte[]>, bool> _viewers = new();
    private readonly IncidentLog _incidents = new();
    private int _idleRounds;
    private bool _wasWatched;

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
        var isFirstLook = !_wasWatched;
        _wasWatched = !_viewers.IsEmpty;
        if (_wasWatched)
        {
            await LookAtAllAsync(isFirstLook, stoppingToken);
        }
        else if (_idleRounds++ % RoundsBetweenIdleChecks == 0)
        {
            var facts = await FactsAsync(stoppingToken);
            _incidents.Look([.. Condition.OfStores(facts)], facts.Now, Condition.IsOfStores, isFirstLook: false);
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    private async Task LookAtAllAsync(bool isFirstLook, CancellationToken cancellationToken)
    {
        var facts = await FactsAsync(cancellationToken);
        _incidents.Look(
            [.. Condition.OfStores(facts), .. Condition.OfRoad(facts)], facts.Now, key => Condition.IsLookedFor(key, facts), isFirstLook);
        var snapshot = SnapshotMaker.Make(facts, _incidents, audits.Find) with
        {
            RedisAgeSeconds = stock.AgeSeconds, PostgresAgeSeconds = orders.AgeSeconds,
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

        return new Facts(now, found, traffic, orders.Last, stock.Last, tables.Last, queues.Last, audits.Broken(), audits.AgeSeconds);
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
