using System.Collections.Concurrent;
using Seckill.OrderService.Reservations;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>
/// The waiting rooms of all sales at this instance. Twice a second and more often it reads what has changed of each, so that polls need no
/// store, and does what is due in them. Without rooms, a round is one question to Redis for the empty list.
/// </summary>
internal sealed partial class RoomBoard : PeriodicService
{
    // Two of these, and a round trip, from the last unit to the last page that shows it: under a second.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(350);

    // While buyers wait for nothing but the steps of a draw.
    private static readonly TimeSpan s_drawInterval = TimeSpan.FromMilliseconds(50);

    // A room whose sale is over changes only if an operator opens the sale again.
    private static readonly TimeSpan s_restInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_forgetAfter = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<long, Room> _rooms = new();
    private readonly SingleFlightCache<long, Room?> _found;
    private readonly RoomLedger _ledger;
    private readonly RoomStock _stock;
    private readonly WaitingRoomOptions _options;
    private readonly ILogger<RoomBoard> _logger;
    private readonly WaitingRoomMetrics _metrics;

    public RoomBoard(
        RoomLedger ledger, RoomStock stock, IOptions<WaitingRoomOptions> options, TimeProvider clock, ILogger<RoomBoard> logger)
        : base(clock)
    {
        (_ledger, _stock, _options, _logger) = (ledger, stock, options.Value, logger);
        _found = new(SearchAsync, clock);
        _metrics = new(() => _rooms.Values, AgeOf);
    }

    /// <summary>The room of a sale, read at least once; null when the sale has none, or Redis has lost it.</summary>
    /// <remarks>Throws as <see cref="StockLedger"/> does.</remarks>
    public ValueTask<Room?> FindAsync(long saleId) =>
        _rooms.TryGetValue(saleId, out var room) && room.View is { State: not null }
            ? ValueTask.FromResult<Room?>(room) : new(_found.GetAsync(saleId));

    /// <summary>The room of a sale if this instance knows it.</summary>
    public Room? Find(long saleId) => _rooms.GetValueOrDefault(saleId);

    /// <summary>True when the numbers of a room have been unknown or unchanged for so long that no buyer can get a pass.</summary>
    public bool IsLost(Room room) =>
        AgeOf(room).TotalMilliseconds > _options.LostAfterMilliseconds;

    /// <summary>Sees to it that the room of a sale is known here from now on.</summary>
    public Room Follow(long saleId) =>
        _rooms.GetOrAdd(saleId, static (id, board) => new Room(id, board._ledger, board._stock, board._options, board.Clock), this);

    public override void Dispose()
    {
        _metrics.Dispose();
        base.Dispose();
    }

    protected override TimeSpan Interval =>
        _rooms.Values.Any(room => room.View?.IsDrawing(before: s_interval) == true) ? s_drawInterval : s_interval;
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        var named = await _ledger.SalesAsync();
        foreach (var saleId in named)
        {
            Follow(saleId).Touch();
        }

        await Task.WhenAll(_rooms.Values.Select(RunAsync));
        foreach (var room in _rooms.Values.Where(room => room.Unused > s_forgetAfter && !named.Contains(room.SaleId)))
        {
            _rooms.TryRemove(room.SaleId, out _);
        }
    }

    protected override void OnOutage(Exception exception) => LogUnknown(exception.Message);

    private TimeSpan AgeOf(Room room) => room.View?.Age ?? Clock.GetElapsedTime(room.KnownSince);

    private async Task RunAsync(Room room)
    {
        if (room.View is { State.IsClosed: true } view && view.Age < s_restInterval)
        {
            return;
        }

        try
        {
            await room.RunAsync(0.8 * s_interval);
            room.HasFailed = false;
        }
        catch (InvalidOperationException exception)
        {
            // Two instances computed different roots, or another program has written into the room.
            LogWrongDraw(room.SaleId, exception.Message);
        }
#pragma warning disable CA1031 // The other rooms go on, and so does this one in the next round.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (!room.HasFailed)
            {
                room.HasFailed = true;
                LogFailed(room.SaleId, exception.Message);
            }
        }
    }

    private async Task<Room?> SearchAsync(long saleId)
    {
        if (!_rooms.TryGetValue(saleId, out var room) || room.View is null)
        {
            // Ids that never existed must not fill the board.
            room ??= new Room(saleId, _ledger, _stock, _options, Clock);
            await room.ReadOnceAsync();
            if (room.View is null)
            {
                return null;
            }

            room = _rooms.GetOrAdd(saleId, room);
            await room.ReadOnceAsync();
        }

        room.Touch();
        return room.View is null ? null : room;
    }

    [LoggerMessage(220, LogLevel.Warning, "The list of waiting rooms could not be read; buyers see old positions: {Reason}")]
    private partial void LogUnknown(string reason);
    [LoggerMessage(221, LogLevel.Warning, "The waiting room of sale {Sale} could not be read or continued; retrying: {Reason}")]
    private partial void LogFailed(long sale, string reason);
    [LoggerMessage(222, LogLevel.Critical, "The draw of the waiting room of sale {Sale} is not what its registrations give: {Reason}")]
    private partial void LogWrongDraw(long sale, string reason);
}
