using System.Collections.Concurrent;
using Seckill.OrderService.Reservations;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>
/// The waiting room of one sale at this instance: its view, the buyers who wait for a place, and its share of the work that any instance
/// may do: the steps of the draw and of the admission. Each is one call to Redis and may be repeated, so an instance may die anywhere.
/// </summary>
internal sealed class Room
{
    private const int MaximumBatch = 512;
    private const int MaximumMarks = 1_000;
    private const int MaximumSteps = 4;

    // The root is published at least this long before the secret.
    private static readonly TimeSpan s_rootFirst = TimeSpan.FromMilliseconds(500);

    // A draw that waits for a beacon for ever would be a room that no buyer leaves.
    private static readonly TimeSpan s_longestWaitForBeacon = TimeSpan.FromMinutes(5);
    private readonly RoomLedger _rooms;
    private readonly RoomStock _stock;
    private readonly TimeProvider _clock;
    private readonly BatchQueue<Registration> _queue;
    private readonly ConcurrentQueue<int> _used = new();
    private readonly Lock _turn = new();
    private Task _round = Task.CompletedTask;
    private volatile RoomView? _view;
    private long _lastUse;

    public Room(long saleId, RoomLedger rooms, RoomStock stock, WaitingRoomOptions options, TimeProvider clock)
    {
        (SaleId, _rooms, _stock, _clock, KnownSince, _lastUse) = (saleId, rooms, stock, clock, clock.GetTimestamp(), clock.GetTimestamp());
        Demand = new(options.CalmRegistrationsPerSecond, clock);
        _queue = new(options.QueueCapacity, MaximumBatch, 1, () => new RegisterCall(saleId, rooms, Learn));
    }

    /// <summary>The sale.</summary>
    public long SaleId { get; }

    /// <summary>Since when this instance knows that there is a room and nothing of it.</summary>
    public long KnownSince { get; private set; }

    /// <summary>What is known of it; null before the first reading, and while Redis has lost it.</summary>
    public RoomView? View => _view;

    /// <summary>How hard the proof of work is now.</summary>
    public WorkDemand Demand { get; }

    /// <summary>The tree over the participants of the draw; null before their number is fixed.</summary>
    public MerkleTree? Tree => _view?.Tree;

    /// <summary>Its last round failed. Only the board uses it.</summary>
    public bool HasFailed { get; set; }

    /// <summary>Time since a buyer asked for it.</summary>
    public TimeSpan Unused => _clock.GetElapsedTime(Interlocked.Read(ref _lastUse));

    /// <summary>A buyer asks for it.</summary>
    public void Touch() => Interlocked.Exchange(ref _lastUse, _clock.GetTimestamp());

    /// <summary>The place of a buyer, or a <see cref="RegistrationOutcome"/>; null when too many wait.</summary>
    public Task<int>? RegisterAsync(RoomRegistration buyer)
    {
        var registration = new Registration(buyer);
        return _queue.TryAdd(registration) ? registration.Answer : null;
    }

    /// <summary>A buyer has ordered with a pass: the place is no longer waited for.</summary>
    public void MarkUsed(long userId)
    {
        if (_view is { } view && view.PlaceOf(userId) is >= 0 and var place && view.PositionOf(place) is >= 0 and var position)
        {
            _used.Enqueue(position);
        }
    }

    /// <summary>Reads the room, and does what is due. Does nothing while another round of it runs.</summary>
    /// <param name="interval">The admission is looked at when no instance did so for this time.</param>
    public Task RunAsync(TimeSpan interval)
    {
        lock (_turn)
        {
            return _round.IsCompleted ? _round = RunRoundAsync(interval) : Task.CompletedTask;
        }
    }

    /// <summary>Reads the room for the first time, for a buyer who came before the round.</summary>
    public Task ReadOnceAsync()
    {
        lock (_turn)
        {
            return !_round.IsCompleted ? _round : _view is not null ? Task.CompletedTask : _round = ReadAsync();
        }
    }

    private async Task RunRoundAsync(TimeSpan interval)
    {
        await ReadAsync();
        // The steps of a draw without participants follow each other at once.
        for (var step = 0; step < MaximumSteps && await ContinueAsync(interval); step++)
        {
            await ReadAsync();
        }
    }

    private void Learn(string commitment, long userId, int place)
    {
        if (_view is { } view && view.Commitment == commitment)
        {
            view.Learn(userId, place);
        }
    }

    private async Task ReadAsync()
    {
        var view = _view;
        while (true)
        {
            var readAt = _clock.GetTimestamp();
            if (await _rooms.LookAsync(SaleId, view?.FirstPlace ?? 0, view?.FirstStep ?? 0) is not { } look)
            {
                // Counted from the last reading.
                KnownSince = _view is null ? KnownSince : _clock.GetTimestamp();
                _view = null;
                return;
            }

            // Another room, or one that has lost its end: what was known of it is worth nothing.
            if (view is null || view.Commitment != look.State.Commitment || view.IsContradictedBy(look, readAt))
            {
                var isEmpty = view is null;
                view = new RoomView(SaleId, look.State.Commitment, _clock);
                if (!isEmpty)
                {
                    continue;
                }
            }

            if (view.Take(look, readAt))
            {
                _view = view;
                if (look.State.Seed is null)
                {
                    view.HashPlaces();
                }

                return;
            }
        }
    }

    /// <returns>True when the room has changed.</returns>
    private async Task<bool> ContinueAsync(TimeSpan interval)
    {
        if (_view is not { State: { } state } view)
        {
            return false;
        }

        if (state is { Sealed: { } count, Seed: null })
        {
            return await DrawAsync(view, state, count);
        }

        // Before the draw, only a close by hand has to be noticed.
        var pause = state.Now < state.DrawsAt ? 3 * interval : interval;
        var isDue = state.TickAt is not { } last || (state.Now - last).Duration() >= pause
            || (state.Sealed is null && state.Now >= state.DrawsAt);
        if (!isDue && _used.IsEmpty)
        {
            return false;
        }

        await AdmitAsync();
        return true;
    }

    private async Task<bool> DrawAsync(RoomView view, RoomState state, int count)
    {
        if (state.Root is null)
        {
            return Tree is { } tree && await _rooms.DrawAsync(SaleId, view.Commitment, count, tree.Root, null, "", s_rootFirst);
        }

        FailPoint.Reach("queue-root-fixed");
        if (state.BeaconName.Length > 0 && state.Beacon.Length == 0 && state.Now - state.RootAt < s_longestWaitForBeacon)
        {
            return false;
        }

        var seed = QueueSeed.Seed(SaleId, count, state.Secret, state.Root, state.Beacon);
        return await _rooms.DrawAsync(
            SaleId, view.Commitment, count, state.Root, seed, state.Beacon, count == 0 ? TimeSpan.Zero : s_rootFirst);
    }

    private async Task AdmitAsync()
    {
        var used = new List<int>();
        while (used.Count < MaximumMarks && _used.TryDequeue(out var position))
        {
            used.Add(position);
        }

        try
        {
            var stock = await _stock.ReadAsync(SaleId);
            await _rooms.AdmitAsync(SaleId, stock.Units, stock.IsOver, stock.Taken, stock.ReadAt, used);
        }
        catch
        {
            // They are counted once, however often they are sent.
            used.ForEach(_used.Enqueue);
            throw;
        }
    }
}
