namespace Seckill.InventoryService.Audit;

/// <summary>The ledger of an item in PostgreSQL at one instant, from sums that are kept; in units, but for orders and changes.</summary>
/// <param name="WasWarm">Its stock was put into Redis.</param>
/// <param name="Epoch">Number of rebuilds so far, plus one.</param>
/// <param name="Allocated">Given to the sale.</param>
/// <param name="Live">In placed and paid orders.</param>
/// <param name="Paid">In paid orders.</param>
/// <param name="Returned">In cancelled and expired orders.</param>
/// <param name="Rejected">In rejected orders.</param>
/// <param name="Returning">Orders whose stock is on its way back to Redis.</param>
/// <param name="Quarantined">In orders of the quarantine that have no row.</param>
/// <param name="Changes">Stock changes so far.</param>
/// <param name="ChangesUnderWay">Changes among them that are not made in both stores yet.</param>
internal sealed record ItemTotals(
    long SaleId, long SkuId, bool WasWarm, int Epoch, int Allocated, int Live, long Paid, long Returned, long Rejected, long Returning,
    long Quarantined, long Changes, long ChangesUnderWay)
{
    public ItemKey Key => new(SaleId, SkuId);

    /// <summary>True when no stock change was in progress at either moment, and none was made in between.</summary>
    public bool HasThePlanOf(ItemTotals earlier) =>
        ChangesUnderWay == 0 && (Allocated, Changes, ChangesUnderWay) == (earlier.Allocated, earlier.Changes, earlier.ChangesUnderWay);
}
