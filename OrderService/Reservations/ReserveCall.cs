using System.Diagnostics;
using System.Globalization;

namespace Seckill.OrderService.Reservations;

/// <summary>(3) The round trip of reserve.lua for a batch of requests of one item, and the delivery of its answers. Reused.</summary>
internal sealed partial class ReserveCall(
    ItemKeys keys, StockLedger stock, NewestStock newest, SoldOutGate gate, BuyerReader buyers, ItemRelay relay,
    QueueWait wait, ReservationOptions options, bool hasRoom, ILogger logger)
    : BatchQueue<Reservation>.ICall
{
    private readonly string _item = keys.Item.ToString();
    private readonly Reservation?[] _reservations = new Reservation?[options.MaxBatch];
    private readonly List<TracedOrder> _traced = [];
    private ReserveBatch _batch = new(options.MaxBatch, hasRoom);
    private long _askedAt;

    public bool Add(Reservation reservation)
    {
        if (reservation.IsDecided)
        {
            // The buyer gave up before Redis was asked: nothing is held.
            reservation.LeaveQueue();
            return false;
        }

        _reservations[_batch.Count] = reservation;
        _batch.Add(reservation.Suffix, reservation.UserDigits, reservation.Quantity, reservation.IdempotencyKey, reservation.Turn);
        if (reservation.Trace is { } request)
        {
            _traced.Add(new TracedOrder("", request.Context));
        }

        return true;
    }

    /// <summary>Ends the wait of the buyers of a call that was sent before <paramref name="limit"/>.</summary>
    /// <returns>True when the call is overdue.</returns>
    public bool GiveUpOn(long limit)
    {
        var askedAt = Interlocked.Read(ref _askedAt);
        if (askedAt == 0 || askedAt >= limit)
        {
            return false;
        }

        foreach (var reservation in _reservations)
        {
            reservation?.GiveUpIfWaitingSinceBefore(limit);
        }

        return true;
    }

    public async Task SendAsync()
    {
        var askedAt = Stopwatch.GetTimestamp();
        Interlocked.Exchange(ref _askedAt, askedAt);
        relay.Metrics.BatchSize.Record(_batch.Count);
        var waited = Stopwatch.GetElapsedTime(_reservations[0]!.WaitingSince, askedAt);
        relay.Metrics.QueueWait.Record(waited.TotalSeconds);
        wait.Add(waited, _batch.Count);
        using var trace = BatchTrace.Start("reserve", ActivityKind.Client, _item, _batch.Count, _traced);
        try
        {
            var known = newest.Version;
            await stock.ReserveAsync(keys, _batch, options.OutboxBound, known);
            FailPoint.Reach("3-reserved");
            relay.Metrics.CallDuration.Record(Stopwatch.GetElapsedTime(askedAt).TotalSeconds);
            if (_batch.HasLostWrites)
            {
                StockLosses.Count();
                LogLost(logger, _item, _batch.Version, known);
            }

            newest.See(_batch.Version);
            Deliver(askedAt, trace);
            _batch.Clear();
        }
#pragma warning disable CA1031 // Every waiter must be answered, whatever went wrong.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            trace?.Fail(exception.Message);
            LogCallFailed(logger, _item, _batch.Count, exception.Message);
            Fail();
            if (exception is TimeoutException)
            {
                // The call stays overdue, so that buyers are refused at once and nothing more is sent to a server that does not answer.
                await stock.AnswersAsync();
            }
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
            if (result.Outcome == ReserveOutcome.Reserved)
            {
                var order = new ReservedOrder(result.OrderId!, reservation.UserId, reservation.Quantity, result.At)
                {
                    IdempotencyKey = reservation.IdempotencyKey, Version = _batch.Version,
                };
                relay.Add(order, result.Terms!, reservation.Trace?.Context ?? default);
            }

            if (reservation.Trace is not null)
            {
                trace?.Name(traced++, result.OrderId ?? result.Outcome.ToString());
            }

            soldOut |= result.Outcome == ReserveOutcome.SoldOut;
            selling &= result.Outcome is not (ReserveOutcome.NotOpen or ReserveOutcome.Closed);
            // The order of a buyer who no longer waits stays reserved; a retry with the same key finds it.
            reservation.TryDecide(result);
            _reservations[i] = null;
            reservation.LeaveQueue();
        }

        if (soldOut && selling && _batch.Available <= 0)
        {
            gate.Close(askedAt);
            buyers.Start();
        }
        else if (!_batch.ItemIsKnown || _batch.Available > 0 || !selling)
        {
            gate.Open();
        }
    }

    private ReservationResult Read(int index, Reservation reservation)
    {
        var outcome = _batch.Outcome(index, out var detail);
        var result = new ReservationResult(outcome) { Terms = _batch.Terms, At = _batch.Now };
        return outcome switch
        {
            ReserveOutcome.Reserved => result with { OrderId = OrderId.Join(_batch.Terms!.Number, reservation.Suffix) },
            ReserveOutcome.Replayed => result with
            {
                OrderId = detail[0],
                At = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(detail[2], CultureInfo.InvariantCulture)),
            },
            ReserveOutcome.LimitReached or ReserveOutcome.OrdersUsedUp or ReserveOutcome.PassUsed => result with { OrderIds = detail },
            ReserveOutcome.CoolingDown => result with { CoolsForSeconds = int.Parse(detail[0], CultureInfo.InvariantCulture) },
            // The item existed when its lane was made, so Redis has lost data and its answer says nothing certain; or its sale is archived.
            ReserveOutcome.UnknownItem => new ReservationResult(ReserveOutcome.Unknown) { IsItemGone = true },
            _ => result,
        };
    }

    private void Fail()
    {
        foreach (var reservation in _reservations)
        {
            // Not returned to the pool: the client library may still hold the suffix.
            reservation?.TryDecide(new ReservationResult(ReserveOutcome.Unknown));
        }

        _batch = new ReserveBatch(options.MaxBatch, hasRoom);
    }

    [LoggerMessage(201, LogLevel.Warning, "A call to reserve units of {Item} failed; {Requests} buyers get 503: {Reason}")]
    private static partial void LogCallFailed(ILogger logger, string item, int requests, string reason);
    [LoggerMessage(202, LogLevel.Critical, "Redis has lost writes of {Item}: at {Version}, after {Known}. It waits for its rebuild.")]
    private static partial void LogLost(ILogger logger, string item, StockVersion version, StockVersion known);
}
