using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Ledger;

/// <summary>A change of stock as it is requested.</summary>
/// <param name="Key">Its idempotency key.</param>
/// <param name="Delta">Units to add; negative to withdraw.</param>
/// <param name="Partial">Withdraws as many as are available where these are fewer.</param>
internal sealed record StockChange(ItemKey Item, string Key, int Delta, bool Partial = false);

/// <summary>Outcome of a change of stock.</summary>
internal enum StockChangeOutcome
{
    /// <summary>Made, now or before.</summary>
    Made,
    /// <summary>No such item.</summary>
    UnknownItem,
    /// <summary>The sale was never opened: its plan is not in Redis yet.</summary>
    NeverOpened,
    /// <summary>Redis has lost its stock; a change that was started is finished after its rebuild.</summary>
    StockLost,
    /// <summary>The item would have more units than <see cref="CreateSaleRules.MostUnits"/>; nothing is changed.</summary>
    TooMany,
    /// <summary>Fewer units are available than the change withdraws; nothing is changed.</summary>
    NotEnough,
    /// <summary>The key was used before for another change.</summary>
    KeyReused,
}
