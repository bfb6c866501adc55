using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>The equations that need only HTTP: the ledger in itself, and the ledger against the clients' log.</summary>
public static class LedgerAudit
{
    /// <summary>Broken equations of one item.</summary>
    public static IEnumerable<Violation> Check(LedgerItem item)
    {
        if (item.Available + item.Reserved + item.Placed + item.Paid != item.Allocated)
        {
            yield return new Violation(
                ViolationKind.Unbalanced, $"item {item.SkuId}: allocated ≠ available + reserved + placed + paid: {item}");
        }

        if (item.Balanced is false)
        {
            yield return new Violation(ViolationKind.Unbalanced, $"item {item.SkuId}: not balanced, says the ledger itself");
        }
    }

    /// <summary>Units that are lost, oversold or unexpected, buyers over the limit, and broken equations of a drained sale.</summary>
    /// <param name="sale">The sale; <see cref="SaleItem.Allocated"/> with what was added since.</param>
    /// <param name="log">Every attempt that was accepted, or whose outcome is unknown.</param>
    /// <param name="ledger">Of all items.</param>
    /// <param name="quarantined">Units in quarantine.</param>
    public static IEnumerable<Violation> Check(
        Sale sale, IReadOnlyCollection<OrderAttempt> log, IReadOnlyList<LedgerItem> ledger, long quarantined)
    {
        var promises = PromiseAudit.Promises(log).Values.ToArray();
        var promised = promises.Sum(promise => (long)promise.Answer.Units);
        var unknown = log.Where(attempt => attempt.Answer.MayHaveReserved).Sum(attempt => (long)attempt.Quantity);
        var allocated = sale.Items.Sum(item => item.Allocated);
        long Sum(Func<LedgerItem, long> units) => ledger.Sum(units);
        var (sold, returned, rejected) = (Sum(item => item.Placed + item.Paid), Sum(item => item.Returned), Sum(item => item.Rejected));
        var found = sold + returned + rejected + quarantined;
        (ViolationKind Kind, long Units, string Detail)[] units =
        [
            (ViolationKind.Lost, promised - found, $"{promised} units promised, {found} in the ledger"),
            (ViolationKind.Oversold, sold - allocated, $"{allocated} units allocated, {sold} sold"),
            (ViolationKind.Oversold, rejected, $"{rejected} units rejected after the promise"),
            (ViolationKind.Unexpected, found - promised - unknown, $"{promised} units promised, {unknown} unknown, {found} in the ledger"),
        ];
        foreach (var (kind, amount, detail) in units.Where(entry => entry.Units > 0))
        {
            yield return new Violation(kind, detail, amount);
        }

        // A buyer may buy again what has come back.
        foreach (var buyer in returned > 0 ? [] : promises.GroupBy(promise => (promise.UserId, promise.Request.Item)))
        {
            if (buyer.Sum(promise => promise.Answer.Units) is var has && has > buyer.Key.Item.LimitPerUser)
            {
                yield return new Violation(
                    ViolationKind.LimitExceeded, $"item {buyer.Key.Item.SkuId}: user {buyer.Key.UserId} was promised {has} units");
            }
        }

        if (Sum(item => item.Allocated) != allocated)
        {
            yield return new Violation(
                ViolationKind.Unbalanced, $"{allocated} units were given to the sale, the ledger has {Sum(item => item.Allocated)}");
        }

        foreach (var violation in ledger.SelectMany(Check))
        {
            yield return violation;
        }
    }
}
