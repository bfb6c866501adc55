
using Seckill.OrderService.Reservations;
using Seckill.Shared.Contracts;
using Seckill.Shared.Http;

namespace Seckill.OrderService.Orders;

/// <summary>
/// Persists a reserved order now, for a payment or a cancellation that came before its message. The message then changes nothing.
/// So there is one road: whatever happens to an order happens to its row.
/// </summary>
internal sealed class PlacementOnDemand(OrderStore store, HoldFinder holds, WarmItems warm)
{
    /// <summary>The answer when it could not be told whether the order is reserved.</summary>
    public static readonly Problem TryAgain = new(
        503, "unavailable", "The item of this order is being rebuilt. It is safe to try again.", 1);

    /// <summary>Ends when the order has its row, or is not reserved.</summary>
    /// <returns>False when Redis has lost data and that cannot be told before its rebuild; then nothing has changed.</returns>
    public async Task<bool> PlaceIfReservedAsync(string orderId, CancellationToken cancellationToken)
    {
        if (await holds.FindAsync(orderId) is not { } held)
        {
            return !await warm.MayBeLostAsync(orderId);
        }

        if (!held.InOutbox)
        {
            return true;
        }

        var (userId, units, reservedAt) = held.Hold;
        return await store.TryPlaceAsync(
            new OrdersReserved(
                held.Item.SaleId, held.Item.SkuId, held.Snapshot.UnitPrice, held.Snapshot.Currency,
                [new ReservedOrder(orderId, userId, units, reservedAt)]),
            held.Snapshot.Epoch,
            cancellationToken);
    }
}
