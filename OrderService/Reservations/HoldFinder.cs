using System.Collections.Concurrent;

namespace Seckill.OrderService.Reservations;

/// <summary>An order as Redis knows it.</summary>
/// <param name="Item">What is held.</param>
/// <param name="Hold">User, units, time.</param>
/// <param name="InOutbox">True until PostgreSQL is known to have it.</param>
/// <param name="Snapshot">Price, payment timeout and epoch; read before the hold.</param>
internal sealed record HeldOrder(ItemKey Item, Hold Hold, bool InOutbox, ItemSnapshot Snapshot);

/// <summary>Finds the hold of an order by the item number at the start of its id.</summary>
internal sealed class HoldFinder(StockLedger stock, SaleCatalog catalog)
{
    // Numbers are never reused and items never change, so this cannot be stale. It has one entry per item.
    private readonly ConcurrentDictionary<string, ItemKeys> _itemsByNumber = new();

    /// <summary>The hold, or null when there is none (any more).</summary>
    /// <param name="orderId">A valid order id.</param>
    public async Task<HeldOrder?> FindAsync(string orderId)
    {
        var number = orderId[..OrderId.NumberLength];
        if (!_itemsByNumber.TryGetValue(number, out var keys))
        {
            if (await catalog.FindItemAsync(number) is not { } item)
            {
                return null;
            }

            keys = _itemsByNumber.GetOrAdd(number, new ItemKeys(item));
        }

        // The epoch before the hold: so the hold is no older than the epoch says.
        return await stock.InspectAsync(keys) is { } snapshot && await stock.FindHoldAsync(keys, orderId) is var (hold, inOutbox)
            ? new HeldOrder(keys.Item, hold, inOutbox, snapshot)
            : null;
    }
}
