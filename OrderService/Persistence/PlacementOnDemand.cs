using Seckill.OrderService.Reservations;
using Seckill.Shared.Contracts;

namespace Seckill.OrderService.Persistence;

/// <summary>
/// Persists a reserved order now, for a payment or a cancellation that came before its message. The message then changes nothing.
/// So there is one road: whatever happens to an order happens to its row.
/// </summary>
internal sealed class PlacementOnDemand(OrderStore store, HoldFinder holds)
{
    /// <summary>Ends when the order has its row, or is not reserved.</summary>
    public async Task PlaceIfReservedAsync(string orderId, CancellationToken cancellationToken)
    {
        if (await holds.FindAsync(orderId) is not { InOutbox: true } held)
        {
            return;
        }

        var (userId, units, reservedAt) = held.Hold;
        await store.PlaceAsync(
            new OrdersReserved(
                held.Item.SaleId, held.Item.SkuId, held.Snapshot.UnitPrice, held.Snapshot.Currency,
                [new ReservedOrder(orderId, userId, units, reservedAt)]),
            cancellationToken);
    }
}
