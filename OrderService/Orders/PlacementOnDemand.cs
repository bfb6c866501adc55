using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Orders;

/// <summary>
/// Persists a reserved order at once, for a payment or a cancellation that comes before its message. The message then changes nothing.
/// So every change of an order is a change of its row.
/// </summary>
internal sealed class PlacementOnDemand(
    OrderPlacement placement, OrderQuarantine quarantine, HoldFinder holds, WarmItems warm)
{
    /// <summary>The answer when only the rebuild of the item, or an operator, decides what becomes of the order.</summary>
    public static readonly Problem TryAgain = new(
        503, "unavailable", "This order cannot be changed at the moment. It is safe to retry.", 1);

    /// <summary>Ends when the order has its row, or is not reserved.</summary>
    /// <returns>
    /// False, and nothing has changed, when Redis has lost data and the item waits for its rebuild, or the order is in quarantine, or is
    /// not what its sale allows: then the worker quarantines it.
    /// </returns>
    public async Task<bool> PlaceIfReservedAsync(string orderId, CancellationToken cancellationToken)
    {
        if (await holds.FindAsync(orderId) is not { } held)
        {
            return !await warm.MayBeLostAsync(orderId) && !await quarantine.ContainsAsync(orderId, cancellationToken);
        }

        if (!held.InOutbox)
        {
            // An order leaves the outbox when it has its row, or is in quarantine.
            return !await quarantine.ContainsAsync(orderId, cancellationToken);
        }

        try
        {
            return await placement.TryPlaceAsync(
                new OrdersReserved(
                    held.Item.SaleId, held.Item.SkuId, held.Snapshot.UnitPrice, held.Snapshot.Currency,
                    [held.Hold.ToOrder(orderId)]),
                held.Snapshot.Epoch,
                cancellationToken);
        }
        catch (PostgresException exception) when (PostgresErrors.IsFaultOfData(exception))
        {
            return false;
        }
    }
}
