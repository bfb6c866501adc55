using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Demo;

/// <summary>What became of the orders of the second sale, and where the units of each item are.</summary>
public static class LifeSection
{
    /// <summary>The rows.</summary>
    /// <param name="life">What the buyers say.</param>
    /// <param name="state">What the stores say.</param>
    /// <param name="refunds">Payments of this sale that are listed for refund.</param>
    /// <param name="violations">What does not agree.</param>
    public static ResultSection Create(Life life, SaleState state, int refunds, IReadOnlyCollection<Violation> violations)
    {
        string Count(string status) => Amount.Text(state.Orders.Count(order => order.Status == status));
        return new ResultSection("Afterwards: pay or lose it",
        [
            new("Orders", Amount.Text(life.Orders.Count), $"of {Amount.Text(state.Items.Sum(item => item.Item.Allocated))} units"),
            new("Paid", Count("paid"), ""),
            new("Cancelled", Count("cancelled"), ""),
            new("Expired", Count("expired"), "not paid in time"),
            new("Bought again", Amount.Text(life.BoughtAgain), $"by {Amount.Text(life.Latecomers)} who came too late"),
            new("Refunds", Amount.Text(refunds), "paid late, twice or wrongly"),
            .. state.Items.SelectMany(Rows),
            new("Disagreements", Amount.Text(violations.Count), "between buyers and books",
                violations.Count == 0 ? RowVerdict.Right : RowVerdict.Wrong),
        ]);
    }

    // The conservation equation of one item, term by term as the ledger has them.
    private static IEnumerable<ResultRow> Rows(ItemState item)
    {
        var name = $"Item {item.Item.SkuId}";
        if (item.Ledger is not { } ledger)
        {
            return [new(name, "?", "not in the ledger", RowVerdict.Wrong)];
        }

        var kept = ledger.Available + ledger.Reserved + ledger.Placed + ledger.Paid;
        return
        [
            new(name, Amount.Text(ledger.Allocated),
                $"{(kept == ledger.Allocated ? "=" : "≠")} {ledger.Available} available + {ledger.Reserved} reserved",
                StockAudit.Check(item).Any() ? RowVerdict.Wrong : RowVerdict.Right),
            new("", "", $"  + {ledger.Placed} placed + {ledger.Paid} paid"),
            new("  came back", Amount.Text(ledger.Returned), $"and were for sale again; {ledger.Rejected} rejected"),
        ];
    }
}
