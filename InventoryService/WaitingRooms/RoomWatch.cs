using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.WaitingRooms;

/// <summary>A waiting room as the dashboard shows it.</summary>
/// <param name="Room">Its numbers.</param>
/// <param name="Mode">As its operator wants it.</param>
/// <param name="PerSecond">Admitted a second, lately.</param>
internal sealed record WatchedRoom(LiveRoom Room, RoomMode Mode, double PerSecond)
{
    /// <summary>Time until the last who waits now is admitted, at this speed; null while the queue stands still or is empty.</summary>
    public TimeSpan? Left => PerSecond > 0 && Room.Waiting > 0 ? TimeSpan.FromSeconds(Math.Ceiling(Room.Waiting / PerSecond)) : null;
}

/// <summary>The waiting rooms in use, read once a second, each with the speed of its queue.</summary>
internal sealed class RoomWatch(RoomLedger rooms, TimeProvider clock) : PeriodicService(clock)
{
    // A room admits at most once a second: over fewer seconds the speed would jump.
    private static readonly TimeSpan s_speedOver = TimeSpan.FromSeconds(10);
    private readonly Dictionary<long, Queue<(DateTimeOffset At, int Served)>> _history = [];
    private volatile IReadOnlyDictionary<long, WatchedRoom> _last = new Dictionary<long, WatchedRoom>();

    /// <summary>By sale; empty while they cannot be read.</summary>
    public IReadOnlyDictionary<long, WatchedRoom> Last => _last;

    /// <summary>Reads all.</summary>
    public async Task ReadAsync()
    {
        var read = new Dictionary<long, WatchedRoom>();
        foreach (var saleId in await rooms.SalesAsync())
        {
            if (await rooms.LookAsync(saleId, int.MaxValue, int.MaxValue) is { State: var state })
            {
                read[saleId] = new WatchedRoom(LiveRoom.Of(state), state.Mode, SpeedOf(saleId, state));
            }
        }

        foreach (var gone in _history.Keys.Except(read.Keys).ToList())
        {
            _history.Remove(gone);
        }

        _last = read;
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);

    protected override Task RunRoundAsync(CancellationToken stoppingToken) => ReadAsync();

    // Without a log line: the dashboard and the room keeper report that Redis is down.
    protected override void OnOutage(Exception exception) => _last = new Dictionary<long, WatchedRoom>();

    private double SpeedOf(long saleId, RoomState state)
    {
        if (!_history.TryGetValue(saleId, out var known) || (known.TryPeek(out var first) && first.Served > state.Served))
        {
            _history[saleId] = known = new();
        }

        known.Enqueue((state.Now, state.Served));
        while (known.Count > 2 && state.Now - known.Peek().At > s_speedOver)
        {
            known.Dequeue();
        }

        var (at, served) = known.Peek();
        var seconds = (state.Now - at).TotalSeconds;
        return seconds > 0 ? (state.Served - served) / seconds : 0;
    }
}
