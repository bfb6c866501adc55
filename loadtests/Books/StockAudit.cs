using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>The equations of one item once everything is drained: promises, Redis, PostgreSQL and the ledger must agree.</summary>
public static class StockAudit
{
    /// <summary>Oversold units, exceeded limits and broken equations of one item.</summary>
    /// <param name="item">The item as it was created.</param>
    /// <param name="promisedUnits">Units of this item that buyers were promised.</param>
    /// <param name="rows">The item's orders, those in quarantine included.</param>
    /// <param name="stock">The item's state in Redis.</param>
    /// <param name="ledger">The service's own account, or null when it has none.</param>
    public static IEnumerable<Violation> Check(
        SaleItem item, long promisedUnits, IReadOnlyList<OrderRow> rows, ItemStock stock, LedgerItem? ledger)
    {
        var live = rows.Sum(row => row.LiveUnits);
        var surplus = Math.Max(live, promisedUnits) - item.Allocated;
        if (surplus > 0)
        {
            yield return new Violation(
                ViolationKind.Oversold,
                $"item {item.SkuId}: {item.Allocated} allocated, {promisedUnits} promised, {live} live in PostgreSQL",
                surplus);
        }

        var unitsByUser = rows.Where(row => row.HoldsUnits).GroupBy(row => row.UserId)
            .ToDictionary(group => group.Key, group => group.Sum(row => (long)row.Quantity));
        foreach (var (user, units) in unitsByUser.Where(entry => entry.Value > item.LimitPerUser))
        {
            yield return new Violation(ViolationKind.LimitExceeded, $"item {item.SkuId}: user {user} has {units} of {item.LimitPerUser}");
        }

        foreach (var (equation, left, right) in RedisEquations(item, rows, stock).Concat(LedgerEquations(rows, stock, ledger)))
        {
            if (left != right)
            {
                yield return new Violation(ViolationKind.Unbalanced, $"item {item.SkuId}: {equation}: {left} ≠ {right}");
            }
        }

        if (ledger is not { Balanced: true })
        {
            yield return new Violation(
                ViolationKind.Unbalanced,
                $"item {item.SkuId}: " + (ledger is null ? "not in the ledger" : "not balanced, says the ledger itself"));
        }

        foreach (var difference in Holds(item, rows, stock).Concat(Buyers(item, unitsByUser, stock)))
        {
            yield return difference;
        }
    }

    private static IEnumerable<(string Equation, long Left, long Right)> RedisEquations(
        SaleItem item, IReadOnlyList<OrderRow> rows, ItemStock stock)
    {
        var occupied = rows.Where(row => row.HoldsUnits).Sum(row => (long)row.Quantity);
        return
        [
            ("units for sale = available in Redis + sold in PostgreSQL", item.Allocated, stock.Available + occupied),
            ("units for sale = allocated in Redis", item.Allocated, stock.Allocated),
            ("held in Redis = sold in PostgreSQL", stock.Held, occupied),
            ("sum of the holds in Redis = sold in PostgreSQL", stock.Holds.Values.Sum(hold => hold.Units), occupied),
            ("orders left in the outbox = none", stock.Outbox.Count, 0),
        ];
    }

    private static IEnumerable<(string Equation, long Left, long Right)> LedgerEquations(
        IReadOnlyList<OrderRow> rows, ItemStock stock, LedgerItem? ledger) =>
        ledger is null
            ? []
            :
            [
                ("allocated in the ledger = allocated in Redis", ledger.Allocated, stock.Allocated),
                ("available in the ledger = available in Redis", ledger.Available, stock.Available),
                ("placed and paid in the ledger = placed and paid in PostgreSQL", ledger.Placed + ledger.Paid,
                    rows.Sum(row => row.LiveUnits)),
                ("reserved in the ledger = in quarantine", ledger.Reserved,
                    rows.Where(row => row.IsQuarantined).Sum(row => (long)row.Quantity)),
            ];

    private static IEnumerable<Violation> Holds(SaleItem item, IReadOnlyList<OrderRow> rows, ItemStock stock)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var row in rows.Where(row => row.HoldsUnits))
        {
            known.Add(row.OrderId);
            if (!stock.Holds.TryGetValue(row.OrderId, out var hold) || hold != new Hold(row.UserId, row.Quantity))
            {
                yield return new Violation(
                    ViolationKind.Unbalanced, $"item {item.SkuId}: order {row.OrderId} holds units and has no such hold in Redis");
            }
        }

        foreach (var (orderId, hold) in stock.Holds.Where(entry => !known.Contains(entry.Key)))
        {
            yield return new Violation(
                ViolationKind.Unbalanced, $"item {item.SkuId}: hold {orderId} of user {hold.UserId} has no such order in PostgreSQL");
        }
    }

    private static IEnumerable<Violation> Buyers(SaleItem item, Dictionary<long, long> unitsByUser, ItemStock stock) =>
        from user in unitsByUser.Keys.Union(stock.UnitsByUser.Keys)
        let inPostgres = unitsByUser.GetValueOrDefault(user)
        let inRedis = stock.UnitsByUser.GetValueOrDefault(user)
        where inPostgres != inRedis
        select new Violation(
            ViolationKind.Unbalanced, $"item {item.SkuId}: user {user} has {inRedis} units in Redis and {inPostgres} in PostgreSQL");
}
