using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.Sales;

/// <summary>Puts the waiting room of a sale that is being opened into Redis.</summary>
internal sealed class RoomOpening(RoomStore store, RoomLedger rooms)
{
    /// <summary>Does nothing for a sale that has none. Repeatable, also after a crash at any line.</summary>
    public async Task OpenAsync(SaleDetails sale, CancellationToken cancellationToken)
    {
        if (sale.WaitingRoom is { } room)
        {
            // In PostgreSQL first: if the call dies in between, the keeper of rooms makes it.
            await store.MarkWarmAsync(sale.SaleId, cancellationToken);
            FailPoint.Reach("waiting-room-marked");
            await rooms.WarmAsync(room.Plan(sale.SaleId, sale.OpensAt));
        }
    }
}
