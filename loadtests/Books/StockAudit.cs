namespace Seckill.LoadTests.Books;

/// <summary>The equations of one item once everything is drained: promises, Redis, PostgreSQL and the ledger must agree.</summary>
public static class StockAudit
{
    /// <summary>Oversold units, exceeded limits and broken equations of one item.</summary>
    /// <param name="item">The item.</param>
    /// <param name="promisedUnits">Units that buyers were promised, without those of closed orders.</param>
    public static IEnumerable<Violation> Check(ItemState item, long promisedUnits = 0)
    {
        var (sku, stock) = (item.Item.SkuId, item.Stock);
        var surplus = Math.Max(item.LiveUnits, promisedUnits) - item.Item.Allocated;
        if (surplus > 0)
        {
            yield return new Violation(
                ViolationKind.Oversold,
                $"item {sku}: {item.Item.Allocated} allocated, {promisedUnits} promised, {item.LiveUnits} live in PostgreSQL",
                surplus);
        }

        var unitsByUser = item.Orders.Where(order => order.HoldsUnits).GroupBy(order => order.UserId)
            .ToDictionary(group => group.Key, group => group.Sum(order => (long)order.Quantity));
        foreach (var (user, units) in unitsByUser.Where(entry => entry.Value > item.Item.LimitPerUser))
        {
            yield return new Violation(ViolationKind.LimitExceeded, $"item {sku}: user {user} has {units} of {item.Item.LimitPerUser}");
        }

        var unequal = Equations(item).Where(equation => equation.Left != equation.Right)
            .Select(equation => $"{equation.Name}: {equation.Left} ≠ {equation.Right}");
        foreach (var broken in unequal.Concat(Holds(item)).Concat(Buyers(unitsByUser, stock)))
        {
            yield return new Violation(ViolationKind.Unbalanced, $"item {sku}: {broken}");
        }

        foreach (var violation in item.Ledger is { } ledger ? LedgerAudit.Check(ledger) : [])
        {
            yield return violation;
        }
    }

    private static IEnumerable<(string Name, long Left, long Right)> Equations(ItemState item)
    {
        var (units, stock) = (item.Item.Allocated, item.Stock);
        yield return ("units for sale = available in Redis + sold in PostgreSQL", units, stock.Available + item.HeldUnits);
        yield return ("units for sale = allocated in Redis", units, stock.Allocated);
        yield return ("held in Redis = sold in PostgreSQL", stock.Held, item.HeldUnits);
        yield return ("sum of the holds in Redis = sold in PostgreSQL", stock.Holds.Values.Sum(hold => hold.Units), item.HeldUnits);
        yield return ("orders left in the outbox = none", stock.Outbox.Count, 0);
        yield return ("ledger rows = one", item.Row is null ? 0 : 1, 1);
        if (item.Row is { } row)
        {
            yield return ("allocated in the ledger row = units for sale", row.Allocated, units);
            yield return ("live in the ledger row = units of placed and paid orders", row.Live, item.LiveUnits);
        }

        if (item.Ledger is { } ledger)
        {
            yield return ("allocated in the ledger = allocated in Redis", ledger.Allocated, stock.Allocated);
            yield return ("available in the ledger = available in Redis", ledger.Available, stock.Available);
            yield return ("reserved in the ledger = in quarantine", ledger.Reserved, item.Units(order => order.IsQuarantined));
            yield return ("placed in the ledger = placed in PostgreSQL", ledger.Placed, item.Units(order => order.Status == "placed"));
            yield return ("paid in the ledger = paid in PostgreSQL", ledger.Paid, item.Units(order => order.Status == "paid"));
            yield return ("returned in the ledger = cancelled and expired in PostgreSQL", ledger.Returned,
                item.Units(order => order.IsClosed));
            yield return ("rejected in the ledger = rejected in PostgreSQL", ledger.Rejected,
                item.Units(order => order.Status == "rejected"));
        }
    }

    private static IEnumerable<string> Holds(ItemState item)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var order in item.Orders.Where(order => order.HoldsUnits))
        {
            if (!known.Add(order.OrderId) || !item.Stock.Holds.TryGetValue(order.OrderId, out var hold)
                || hold != new Hold(order.UserId, order.Quantity))
            {
                yield return $"order {order.OrderId} holds units and has no such hold in Redis";
            }
        }

        foreach (var (orderId, hold) in item.Stock.Holds.Where(entry => !known.Contains(entry.Key)))
        {
            yield return $"hold {orderId} of user {hold.UserId} has no such order in PostgreSQL";
        }
    }

    private static IEnumerable<string> Buyers(Dictionary<long, long> unitsByUser, ItemStock stock) =>
        from user in unitsByUser.Keys.Union(stock.UnitsByUser.Keys)
        let inPostgres = unitsByUser.GetValueOrDefault(user)
        let inRedis = stock.UnitsByUser.GetValueOrDefault(user)
        where inPostgres != inRedis
        select $"user {user} has {inRedis} units in Redis and {inPostgres} in PostgreSQL";
}
