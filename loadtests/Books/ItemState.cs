using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>One item of a sale as each store has it. Consistent only while nothing is under way.</summary>
/// <param name="Item">The item as it was created, with all units that were added since.</param>
/// <param name="Orders">Its orders, those in quarantine included.</param>
/// <param name="Stock">Redis.</param>
/// <param name="Row">The ledger row in PostgreSQL; null when there is none.</param>
/// <param name="Ledger">The service's own account; null when it was not asked, or does not have the item.</param>
public sealed record ItemState(SaleItem Item, IReadOnlyList<OrderRow> Orders, ItemStock Stock, LedgerRow? Row, LedgerItem? Ledger)
{
    /// <summary>Units of the orders that Redis must keep units for.</summary>
    public long HeldUnits => Units(order => order.HoldsUnits);

    /// <summary>Units of orders that are placed or paid.</summary>
    public long LiveUnits => Units(order => order.IsLive);

    /// <summary>Units of some orders.</summary>
    public long Units(Func<OrderRow, bool> which) => Orders.Where(which).Sum(order => (long)order.Quantity);
}

/// <summary>Everything that Redis holds about one item of a sale.</summary>
/// <param name="Available">Units that can still be reserved.</param>
/// <param name="Allocated">Units that Redis was given to sell.</param>
/// <param name="Held">Units in holds, as counted by the scripts.</param>
/// <param name="UnitsByUser">Units of each buyer.</param>
/// <param name="Holds">Live reservations: order id to user and units.</param>
/// <param name="Outbox">Order ids that are not yet known to be in PostgreSQL.</param>
public sealed record ItemStock(
    long Available,
    long Allocated,
    long Held,
    IReadOnlyDictionary<long, long> UnitsByUser,
    IReadOnlyDictionary<string, Hold> Holds,
    IReadOnlyList<string> Outbox);

/// <summary>One live reservation.</summary>
public readonly record struct Hold(long UserId, long Units);

/// <summary>The ledger row of an item, <c>sale_items</c>.</summary>
/// <param name="SkuId">The item.</param>
/// <param name="Allocated">Units for sale.</param>
/// <param name="Live">Units of placed and paid orders.</param>
public sealed record LedgerRow(long SkuId, long Allocated, long Live);
