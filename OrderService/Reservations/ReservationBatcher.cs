using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.ObjectPool;

namespace Seckill.OrderService.Reservations;

/// <summary>
/// (2) Requests for one sale item that wait together leave together: one reserve.lua call for all of them. No request waits
/// for a timer. Every request is answered: by Redis, or after the timeout, or at shutdown.
/// </summary>
internal sealed partial class ReservationBatcher : PeriodicService
{
    private static readonly TimeSpan s_watchdogInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_shutdownTimeout = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<ItemKey, ItemLane> _lanes = new();
    private readonly SingleFlightCache<ItemKey, ItemLane?> _newLanes;
    private readonly ObjectPool<Reservation> _pool;
    private readonly StockLedger _stock;
    private readonly BuyerLog _buyers;
    private readonly OutboxRelay _relay;
    private readonly QueueWait _wait = new();
    private readonly ReservationOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<ReservationBatcher> _logger;
    private readonly Meter _meter = new(Measurements.Name);
    private volatile Rehearsal? _rehearsal;
    private volatile bool _stopping;

    public ReservationBatcher(
        StockLedger stock, BuyerLog buyers, OutboxRelay relay, IOptions<ReservationOptions> options, TimeProvider clock,
        ILogger<ReservationBatcher> logger)
        : base(clock)
    {
        (_stock, _buyers, _relay, _options, _clock, _logger) = (stock, buyers, relay, options.Value, clock, logger);
        _newLanes = new(OpenLaneAsync, clock);
        _pool = new DefaultObjectPool<Reservation>(new Policy(this), maximumRetained: _options.QueueCapacity);
        stock.OnRestocked(item =>
        {
            if (_lanes.TryGetValue(item, out var lane))
            {
                lane.Gate.Open();
            }
        }, () =>
        {
            foreach (var lane in _lanes.Values)
            {
                lane.Gate.Open();
            }
        });
        Gauge("seckill.reservations.waiting", () => Sum(lane => lane.Waiting), "{request}", "Requests that wait for a reserve.lua call.");
        Gauge("seckill.reservations.calls_in_flight", () => Sum(lane => lane.CallsInFlight), "{call}", "reserve.lua calls in flight.");
        Gauge("seckill.relay.waiting", () => Sum(lane => lane.Unpublished), "{order}", "Reserved orders that wait to be published.");
        Gauge("seckill.outbox.bound", () => _options.OutboxBound, "{order}", "Orders that may wait in the outbox of an item; then 503.");

        void Gauge(string name, Func<int> value, string unit, string text) => _meter.CreateObservableGauge(name, value, unit, text);
        int Sum(Func<ItemLane, int> number) => _lanes.Values.Sum(number);
    }

    /// <summary>The lane of an item that was ordered here before.</summary>
    public ItemLane? Find(ItemKey item) => _lanes.TryGetValue(item, out var lane) ? lane : null;

    /// <summary>The lane of an item; null when the item was never opened.</summary>
    public async ValueTask<ItemLane?> OpenAsync(ItemKey item) => await _newLanes.GetAsync(item);

    /// <summary>Reserves units for a user.</summary>
    /// <param name="lane">Of the item.</param>
    /// <param name="userId">For whom.</param>
    /// <param name="quantity">Units, at least 1.</param>
    /// <param name="idempotencyKey">1 to 64 visible ASCII characters, or none.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="ReserveOutcome.Unknown"/>; what is reserved stays reserved.</param>
    /// <param name="turn">Of a sale with a waiting room: see <see cref="BuyerTurn"/>.</param>
    public ValueTask<ReservationResult> ReserveAsync(
        ItemLane lane, long userId, int quantity, string? idempotencyKey, CancellationToken cancellationToken,
        long turn = BuyerTurn.NotNeeded)
    {
        return Refuse(lane, userId, idempotencyKey) is { } refusal
            ? ValueTask.FromResult(new ReservationResult(refusal))
            : QueueAsync(lane, userId, quantity, idempotencyKey, cancellationToken, turn);
    }

    /// <summary>The refusal that needs no call to Redis; null when only Redis can answer. Counts the request.</summary>
    public ReserveOutcome? Refuse(ItemLane lane, long userId, string? idempotencyKey)
    {
        if (_stopping)
        {
            return ReserveOutcome.Busy;
        }

        lane.CountClick();
        // A request with a key may be the retry of an accepted one, and then its user is known to the gate: at the latest when the units,
        // which had come back, are announced.
        return (idempotencyKey is null || _stock.HearsRestocks) && lane.Gate.Refuses(userId)
            ? ReserveOutcome.SoldOut : null;
    }

    /// <summary>As <see cref="ReserveAsync"/>, for a request that <see cref="Refuse"/> does not answer.</summary>
    public ValueTask<ReservationResult> QueueAsync(
        ItemLane lane, long userId, int quantity, string? idempotencyKey, CancellationToken cancellationToken,
        long turn = BuyerTurn.NotNeeded)
    {
        var reservation = _pool.Get();
        reservation.Start(userId, quantity, idempotencyKey, turn);
        var waiting = reservation.WaitAsync(cancellationToken);
        if (!lane.TryAdd(reservation))
        {
            reservation.TryDecide(new ReservationResult(ReserveOutcome.Busy));
            reservation.LeaveQueue();
        }

        return waiting;
    }

    /// <summary>
    /// How long requests waited for their calls since the last question, or wait now, whichever is longer; and how many were sent.
    /// </summary>
    public (TimeSpan Wait, long Sent) TakeQueueWait()
    {
        var (mean, sent) = _wait.Take();
        var now = Stopwatch.GetTimestamp();
        foreach (var lane in _lanes.Values)
        {
            if (lane.OldestWaitingSince is { } since && Stopwatch.GetElapsedTime(since, now) is var waiting && waiting > mean)
            {
                mean = waiting;
            }
        }

        return (mean, sent);
    }

    /// <summary>Lets <see cref="ItemLane.MayBeBuyer"/> know the buyers of the items that are clicked here.</summary>
    public void ReadBuyers()
    {
        foreach (var lane in _lanes.Values)
        {
            lane.ReadBuyers();
        }
    }

    /// <summary>Requests so far, by sale.</summary>
    public IReadOnlyDictionary<long, long> ClicksBySale() =>
        _lanes.GroupBy(lane => lane.Key.SaleId).ToDictionary(sale => sale.Key, sale => sale.Sum(lane => lane.Value.Clicks));

    /// <summary>Until the result is disposed, requests for an item that is in no sale are served as others, with its own relay.</summary>
    public IDisposable Rehearse(ItemKey item, OutboxRelay relay) => _rehearsal = new Rehearsal(this, item, relay);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        var startedAt = Stopwatch.GetTimestamp();
        while (_lanes.Values.Any(lane => !lane.IsIdle)
            && Stopwatch.GetElapsedTime(startedAt) < s_shutdownTimeout && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(10, CancellationToken.None);
        }

        GiveUpOn(long.MaxValue);
        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override TimeSpan Interval => s_watchdogInterval;

    protected override Task RunRoundAsync(CancellationToken stoppingToken)
    {
        GiveUpOn(Stopwatch.GetTimestamp() - (long)(_options.TimeoutMilliseconds / 1000.0 * Stopwatch.Frequency));
        return Task.CompletedTask;
    }

    protected override void OnOutage(Exception exception) => LogWatchdogFailed(exception);

    private void GiveUpOn(long limit)
    {
        foreach (var lane in _lanes.Values)
        {
            lane.GiveUpOn(limit);
        }
    }

    private async Task<ItemLane?> OpenLaneAsync(ItemKey item)
    {
        var keys = new ItemKeys(item);
        if (await _stock.InspectAsync(keys) is not { } now)
        {
            return null;
        }

        var relay = _rehearsal is { } rehearsal && rehearsal.Item == item ? rehearsal.Relay : _relay;
        return _lanes.GetOrAdd(item, _ => new ItemLane(keys, _stock, _buyers, relay, _wait, _options, _clock, _logger, now.Room));
    }

    [LoggerMessage(206, LogLevel.Error, "The watchdog of reservation timeouts failed; it runs again in a moment.")]
    private partial void LogWatchdogFailed(Exception exception);

    private sealed record Rehearsal(ReservationBatcher Batcher, ItemKey Item, OutboxRelay Relay) : IDisposable
    {
        // Its relay stays known: a late request must not open a lane to the queue.
        public void Dispose() => Batcher._lanes.TryRemove(Item, out _);
    }

    private sealed class Policy(ReservationBatcher batcher) : PooledObjectPolicy<Reservation>
    {
        public override Reservation Create() => new(batcher._pool);

        public override bool Return(Reservation reservation) => true;
    }
}
