using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Demo;

/// <summary>What became of the orders of the second sale, and where the units of each item are.</summary>
public static class LifeSection
{
    /// <summary>The rows.</summary>
    /// <param name="audit">What was found.</param>
    /// <param name="violations">What does not agree.</param>
    public static ResultSection Create(LifeAudit audit, IReadOnlyList<Violation> violations)
    {
        var orders = audit.Log.Orders;
        var units = audit.Books.Sale.Items.Sum(item => item.Allocated);
        return new ResultSection("Afterwards: pay or lose it",
        [
            new("Orders", Amount.Text(orders.Count), $"of {Amount.Text(units)} units"),
            new("Paid", Amount.Text(audit.Count("paid")), ""),
            new("Cancelled", Amount.Text(audit.Count("cancelled")), ""),
            new("Expired", Amount.Text(audit.Count("expired")), "not paid in time"),
            new("Bought again", Amount.Text(orders.Count(order => order.IsSecondHand)),
                $"by {Amount.Text(audit.Log.Latecomers)} who came too late"),
            new("Refunds", Amount.Text(audit.RefundsOfSale.Count), "paid late, twice or wrongly"),
            .. audit.Books.Sale.Items.SelectMany(item => Rows(audit, item)),
            new("Disagreements", Amount.Text(violations.Count), "between buyers and books",
                violations.Count == 0 ? RowVerdict.Right : RowVerdict.Wrong),
        ]);
    }

    // The conservation equation of one item, term by term as the ledger has them.
    private static IEnumerable<ResultRow> Rows(LifeAudit audit, SaleItem item)
    {
        if (audit.Books.Ledger.FirstOrDefault(entry => entry.SkuId == item.SkuId) is not { } ledger)
        {
            return [new($"Item {item.SkuId}", "?", "not in the ledger", RowVerdict.Wrong)];
        }

        var (kept, came) = (ledger.Available + ledger.Reserved + ledger.Placed + ledger.Paid, ledger.Returned);
        return
        [
            new($"Item {item.SkuId}", Amount.Text(ledger.Allocated),
                $"{(kept == ledger.Allocated ? "=" : "≠")} {ledger.Available} available + {ledger.Reserved} reserved",
                audit.IsConserved(item) ? RowVerdict.Right : RowVerdict.Wrong),
            new("", "", $"  + {ledger.Placed} placed + {ledger.Paid} paid"),
            new("  came back", Amount.Text(came), $"and were for sale again; {ledger.Rejected} rejected"),
        ];
    }
}
