using System.Diagnostics;
using System.Globalization;
using Seckill.Shared.Contracts;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Reservations;

/// <summary>Everything one instance has for one sale item: the queue, the calls under way, the gate, the way out.</summary>
internal sealed partial class ItemLane
{
    // A sold-out instance refuses by itself for this long before it asks Redis again.
    private static readonly TimeSpan s_soldOutProbe = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_lastPatience = TimeSpan.FromSeconds(15);
    private readonly StockLedger _stock;
    private readonly ItemKeys _keys;
    private readonly ReservationOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly BatchQueue<Reservation> _queue;
    private readonly Call[] _calls;
    private readonly OutboxRelay.Way _way;
    private readonly string _name;
    private int _overdueCalls;

    public ItemLane(ItemKeys keys, StockLedger stock, OutboxRelay relay, ReservationOptions options, TimeProvider clock, ILogger logger)
    {
        (_keys, _stock, _options, _clock, _logger) = (keys, stock, options, clock, logger);
        _name = keys.Item.ToString();
        _way = relay.Open(keys.Item);
        Gate = new SoldOutGate(s_soldOutProbe, clock);
        _calls = [.. Enumerable.Range(0, options.MaxCallsInFlight).Select(_ => new Call(this))];
        var next = 0;
        _queue = new(options.QueueCapacity, options.MaxBatch, options.MaxCallsInFlight, () => _calls[next++]);
    }

    public SoldOutGate Gate { get; }

    /// <summary>Requests that wait for a call.</summary>
    public int Waiting => _queue.Count;

    /// <summary>Calls under way.</summary>
    public int CallsInFlight => _queue.CallsInFlight;

    /// <summary>Reserved orders that wait to be published.</summary>
    public int Unpublished => _way.Count;

    /// <summary>True while nothing waits and nothing is on its way, in either direction.</summary>
    public bool IsIdle => _queue is { Count: 0, CallsInFlight: 0 } && _way.IsIdle;

    /// <summary>False when too many wait already, or when Redis does not answer those before.</summary>
    public bool TryAdd(Reservation reservation) => Volatile.Read(ref _overdueCalls) == 0 && _queue.TryAdd(reservation);

    /// <summary>Ends the waiting of everybody who has waited since before <paramref name="limit"/>. Called by one watchdog.</summary>
    public void GiveUpOn(long limit)
    {
        foreach (var reservation in _queue.Waiting)
        {
            GiveUpOn(reservation, limit);
        }

        var overdue = 0;
        foreach (var call in _calls)
        {
            overdue += call.GiveUpOn(limit) ? 1 : 0;
        }

        Volatile.Write(ref _overdueCalls, overdue);
    }

    private static void GiveUpOn(Reservation reservation, long limit)
    {
        var version = reservation.Version;
        if (reservation.WaitingSince < limit)
        {
            reservation.TryDecide(version, new ReservationResult(ReserveOutcome.Unknown));
        }
    }

    [LoggerMessage(201, LogLevel.Warning, "A call to reserve units of {Item} failed; {Requests} buyers were told to try again: {Reason}")]
    private partial void LogCallFailed(string item, int requests, string reason);

    /// <summary>(3) One reserve.lua call after another, with the requests that it answers.</summary>
    private sealed class Call(ItemLane lane) : BatchQueue<Reservation>.ICall
    {
        private readonly Reservation?[] _reservations = new Reservation?[lane._options.MaxBatch];
        private readonly List<TracedOrder> _traced = [];
        private ReserveBatch _batch = new(lane._options.MaxBatch);
        private long _askedAt;

        public bool Add(Reservation reservation)
        {
            if (reservation.IsDecided)
            {
                // The buyer gave up before anything was asked of Redis: nothing is held.
                reservation.LeaveQueue();
                return false;
            }

            _reservations[_batch.Count] = reservation;
            _batch.Add(reservation.Suffix, reservation.UserDigits, reservation.Quantity, reservation.IdempotencyKey);
            if (reservation.Trace is { } request)
            {
                _traced.Add(new TracedOrder("", request.Context));
            }

            return true;
        }

        public bool GiveUpOn(long limit)
        {
            var askedAt = Interlocked.Read(ref _askedAt);
            if (askedAt == 0 || askedAt >= limit)
            {
                return false;
            }

            foreach (var reservation in _reservations)
            {
                if (reservation is not null)
                {
                    ItemLane.GiveUpOn(reservation, limit);
                }
            }

            return true;
        }

        public async Task SendAsync()
        {
            var askedAt = Stopwatch.GetTimestamp();
            Interlocked.Exchange(ref _askedAt, askedAt);
            ReservationMetrics.BatchSize.Record(_batch.Count);
            using var trace = BatchTrace.Start("reserve", ActivityKind.Client, lane._name, _batch.Count, _traced);
            try
            {
                // Its waiters are answered long before; this only frees the call if the answer never comes.
                await lane._stock.ReserveAsync(lane._keys, _batch, lane._options.OutboxBound).WaitAsync(s_lastPatience);
                FailPoint.Reach("3-reserved");
                ReservationMetrics.CallDuration.Record(Stopwatch.GetElapsedTime(askedAt).TotalSeconds);
                Deliver(askedAt, trace);
                _batch.Clear();
            }
#pragma warning disable CA1031 // Every waiter must be answered, whatever went wrong.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                trace?.Fail(exception.Message);
                lane.LogCallFailed(lane._name, _batch.Count, exception.Message);
                Fail();
            }
            finally
            {
                Interlocked.Exchange(ref _askedAt, 0);
                Array.Clear(_reservations);
                _traced.Clear();
            }
        }

        private void Deliver(long askedAt, BatchTrace? trace)
        {
            var (soldOut, selling, traced) = (false, true, 0);
            for (var i = 0; i < _batch.Count; i++)
            {
                var reservation = _reservations[i]!;
                var result = Read(i, reservation);
                if (reservation.Trace is not null)
                {
                    trace?.Name(traced++, result.OrderId ?? result.Outcome.ToString());
                }

                soldOut |= result.Outcome == ReserveOutcome.SoldOut;
                selling &= result.Outcome is not (ReserveOutcome.NotOpen or ReserveOutcome.Closed);
                // A buyer who no longer waits keeps the hold: it is on its way, and a retry finds it.
                reservation.TryDecide(result);
                _reservations[i] = null;
                reservation.LeaveQueue();
            }

            if (soldOut && selling && _batch.Available <= 0)
            {
                if (lane.Gate.Close(askedAt) is { } knowledge)
                {
                    _ = CompleteAsync(knowledge);
                }
            }
            else if (!_batch.ItemIsKnown || _batch.Available > 0 || !selling)
            {
                lane.Gate.Open();
            }
        }

        private ReservationResult Read(int index, Reservation reservation)
        {
            var outcome = _batch.Outcome(index, out var detail);
            if (outcome == ReserveOutcome.UnknownItem)
            {
                // The item was there when its lane was made, so Redis has lost data: nothing certain can be said.
                return new ReservationResult(ReserveOutcome.Unknown);
            }

            var result = new ReservationResult(outcome) { Terms = _batch.Terms, At = _batch.Now };
            switch (outcome)
            {
                case ReserveOutcome.Reserved:
                    var orderId = OrderId.Join(_batch.Terms!.Number, reservation.Suffix);
                    lane._way.Add(
                        new ReservedOrder(orderId, reservation.UserId, reservation.Quantity, _batch.Now), _batch.Terms,
                        reservation.Trace?.Context ?? default);
                    return result with { OrderId = orderId };
                case ReserveOutcome.Replayed:
                    var reservedAt = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(detail[2], CultureInfo.InvariantCulture));
                    return result with { OrderId = detail[0], At = reservedAt };
                case ReserveOutcome.LimitReached:
                    return result with { OrderIds = detail };
                default:
                    return result;
            }
        }

        private void Fail()
        {
            foreach (var reservation in _reservations)
            {
                // Not returned to the pool: the client library may still hold the suffix.
                reservation?.TryDecide(new ReservationResult(ReserveOutcome.Unknown));
            }

            _batch = new ReserveBatch(lane._options.MaxBatch);
        }

        private async Task CompleteAsync(SoldOutGate.Knowledge knowledge)
        {
            try
            {
                knowledge.Complete(await lane._stock.BuyersAsync(lane._keys));
            }
#pragma warning disable CA1031 // Without the buyers the gate stays useless, and every request asks Redis: slower, never wrong.
            catch (Exception)
#pragma warning restore CA1031
            {
                lane.Gate.Open();
            }
        }
    }
}
