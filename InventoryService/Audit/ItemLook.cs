namespace Seckill.InventoryService.Audit;

/// <summary>An item by its totals in both stores.</summary>
/// <param name="Totals">PostgreSQL, read just before Redis.</param>
/// <param name="Redis">Redis; null when it does not have the item.</param>
/// <param name="Findings">Broken equations.</param>
/// <param name="IsKnown">False when nothing is found and the equations may be broken nevertheless: another look tells.</param>
/// <param name="Failure">Why Redis could not answer for this item; null when it did.</param>
internal sealed record ItemLook(
    ItemTotals Totals, ItemSnapshot? Redis, IReadOnlyList<AuditFinding> Findings, bool IsKnown, string? Failure = null)
{
    public ItemKey Key => Totals.Key;

    /// <summary>Two looks with an equal state saw no movement in between.</summary>
    public (ItemTotals, ItemSnapshot?) State => (Totals, Redis is null ? null : Redis with { Now = default });
}
