using Seckill.InventoryService.Sales;
using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.WaitingRooms;

/// <summary>
/// Sees to it that Redis has the room of each opened sale as PostgreSQL has it. So a call of an operator that died between the two stores
/// is finished, and a room that Redis lost is made again: empty, under another commitment, and its buyers have to register again.
/// </summary>
internal sealed partial class RoomKeeper(RoomStore store, RoomLedger rooms, TimeProvider clock, ILogger<RoomKeeper> logger)
    : PeriodicService(clock)
{
    // So long buyers may still ask for the proof without its instance having to read it again.
    private static readonly TimeSpan s_restAfter = TimeSpan.FromDays(1);

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);

    /// <summary>One round.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var room in await store.InUseAsync(cancellationToken))
        {
            if (Clock.GetUtcNow() - room.SaleClosesAt > s_restAfter)
            {
                await rooms.RestAsync(room.SaleId);
                await store.MarkRestedAsync(room.SaleId, cancellationToken);
            }
            else if (await rooms.WarmAsync(room.Room.Plan(room.SaleId, room.SaleOpensAt)) && room.IsOld)
            {
                LogMadeAgain(room.SaleId);
            }
        }
    }

    protected override Task RunRoundAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(484, LogLevel.Critical, "Redis lost the waiting room of sale {Sale}. A new one is open: buyers have to register again.")]
    private partial void LogMadeAgain(long sale);
    [LoggerMessage(485, LogLevel.Warning, "The waiting rooms could not be compared with Redis; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
