using System.Diagnostics;

namespace Seckill.OrderService.Reservations;

/// <summary>What one instance has for one sale item: the queue of requests, the calls in flight, the sold-out gate, the relay.</summary>
internal sealed class ItemLane
{
    // While the item is sold out, Redis is asked once in this interval; other requests are refused locally.
    private static readonly TimeSpan s_soldOutProbe = TimeSpan.FromMilliseconds(250);
    private readonly BatchQueue<Reservation> _queue;
    private readonly ReserveCall[] _calls;
    private readonly ItemRelay _relay;
    private readonly BuyerReader _buyers;
    private int _overdueCalls;
    private long _clicks;
    private long _clicksAtRead;

    public ItemLane(
        ItemKeys keys, StockLedger stock, BuyerLog log, OutboxRelay relay, QueueWait wait, ReservationOptions options, TimeProvider clock,
        ILogger logger, RoomPolicy room = RoomPolicy.None)
    {
        (_relay, Room) = (relay.For(keys.Item), room);
        Gate = new SoldOutGate(s_soldOutProbe, clock);
        (_buyers, var newest) = (new BuyerReader(keys, log, Gate, clock), new NewestStock());
        _calls =
        [
            .. Enumerable.Range(0, options.MaxCallsInFlight).Select(_ =>
                new ReserveCall(keys, stock, newest, Gate, _buyers, _relay, wait, options, room != RoomPolicy.None, logger)),
        ];
        var next = 0;
        _queue = new(options.QueueCapacity, options.MaxBatch, options.MaxCallsInFlight, () => _calls[next++]);
    }

    public SoldOutGate Gate { get; }

    /// <summary>Whether orders need a pass.</summary>
    public RoomPolicy Room { get; }

    /// <summary>Requests so far, accepted and refused.</summary>
    public long Clicks => Interlocked.Read(ref _clicks);

    /// <summary>Requests that wait for a call.</summary>
    public int Waiting => _queue.Count;

    /// <summary><see cref="Stopwatch"/> ticks at which the request that is next began to wait; none when no request waits.</summary>
    public long? OldestWaitingSince => _queue.TryPeek(out var next) ? next.WaitingSince : null;

    /// <summary>Calls in flight.</summary>
    public int CallsInFlight => _queue.CallsInFlight;

    /// <summary>Reserved orders that wait to be published.</summary>
    public int Unpublished => _relay.Count;

    /// <summary>True while nothing waits for Redis or for RabbitMQ and no call is in flight to either.</summary>
    public bool IsIdle => _queue is { Count: 0, CallsInFlight: 0 } && _relay.IsIdle;

    /// <summary>Counts a request.</summary>
    public void CountClick() => Interlocked.Increment(ref _clicks);

    /// <summary>
    /// Reads who has bought units since it was read last, so that <see cref="MayBeBuyer"/> knows them; unless no click has come since.
    /// Called by one loop.
    /// </summary>
    public void ReadBuyers()
    {
        if (Clicks != _clicksAtRead)
        {
            _clicksAtRead = Clicks;
            _buyers.Start();
        }
    }

    /// <summary>True for a user who, when the buyers were last read, held units or had held some; and for a few who never did.</summary>
    public bool MayBeBuyer(long userId) => _buyers.MayContain(userId);

    /// <summary>False when the queue is full, or while a call is overdue.</summary>
    public bool TryAdd(Reservation reservation) => Volatile.Read(ref _overdueCalls) == 0 && _queue.TryAdd(reservation);

    /// <summary>Ends the wait of all requests that have waited since before <paramref name="limit"/>. Called by one watchdog.</summary>
    public void GiveUpOn(long limit)
    {
        foreach (var reservation in _queue.Waiting)
        {
            reservation.GiveUpIfWaitingSinceBefore(limit);
        }

        var overdue = 0;
        foreach (var call in _calls)
        {
            overdue += call.GiveUpOn(limit) ? 1 : 0;
        }

        Volatile.Write(ref _overdueCalls, overdue);
    }
}
