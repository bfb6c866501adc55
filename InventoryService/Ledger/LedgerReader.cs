using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Ledger;

/// <summary>The ledger of a sale, from the totals that both stores keep: it costs the same at any number of orders.</summary>
internal sealed class LedgerReader(SaleStore sales, TotalsAuditor totals, AuditResults audits)
{
    /// <summary>The ledger, or null when there is no such sale.</summary>
    public async Task<SaleLedger?> ReadAsync(long saleId, CancellationToken cancellationToken)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is null)
        {
            return null;
        }

        LedgerItem[] items = [.. (await totals.LookAsync(saleId, cancellationToken)).Select(ItemOf)];
        return new SaleLedger(saleId, AllOf(items.Select(item => item.Balanced)), items);
    }

    private LedgerItem ItemOf(ItemLook look)
    {
        var (now, redis) = (look.Totals, look.Redis);
        var placed = now.Live - now.Paid;
        // Before its first opening, all stock of an item is in the plan, and after its archive what was not sold. Units of a closed order
        // count as reserved until their return, a moment later.
        return new LedgerItem(
            now.SkuId, now.Allocated, redis?.Available ?? (now.WasWarm ? 0 : now.Allocated - now.Live),
            redis is null ? 0 : redis.Held - placed - now.Paid, placed, now.Paid, now.Returned, now.Rejected, IsBalanced(look));
    }

    // The totals at this moment, and the findings of the last audit, order by order.
    private bool? IsBalanced(ItemLook look) =>
        look.Findings.Count > 0 || !audits.IsBalanced(look.Key) ? false : look.IsKnown ? true : null;

    private static bool? AllOf(IEnumerable<bool?> balanced) => balanced.Aggregate((bool?)true, (all, one) => all & one);
}
