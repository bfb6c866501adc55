
using Seckill.Tests.Harness.Checks;

namespace Seckill.Chaos.Invariants;

/// <summary>No unit is sold twice, none is stuck, each comes back once, and nobody is told that there is none while there is.</summary>
internal static class StockInvariants
{
    /// <summary>Sold out may be answered on knowledge that is so old, and no older.</summary>
    private const double StalenessMilliseconds = 1_000;

    /// <summary>Samples further apart prove nothing: Redis was away, or so was the machine.</summary>
    private const double LongestGapMilliseconds = 250;

    public static readonly Invariant[] All =
    [
        new("oversold", Oversold), new("conservation", Conservation), new("returned once", ReturnedOnce),
        new("sold out", SoldOut), new("limit", OverLimit),
    ];

    private static IEnumerable<string> Oversold(Evidence evidence)
    {
        foreach (var sample in evidence.Live)
        {
            if (sample.Live > sample.Allocated || sample.LiveRows > sample.Allocated)
            {
                yield return $"at {sample.At:0} ms {sample.LiveRows} of {sample.Allocated} units of {sample.SkuId} were live, "
                    + $"{sample.Live} by the ledger row";
            }

            if (sample.Live != sample.LiveRows)
            {
                yield return $"at {sample.At:0} ms the ledger row of {sample.SkuId} said {sample.Live}, the orders {sample.LiveRows}";
            }
        }

        foreach (var row in evidence.Rows.Where(row => row.Status == "rejected" && evidence.LastLoss < 0))
        {
            yield return $"Redis sold twice without having lost anything: {row}";
        }

        foreach (var sample in evidence.Stock.Where(sample => sample.Available < 0 && evidence.LastLoss < 0))
        {
            yield return $"at {sample.At:0} ms {sample.Available} units of {sample.SkuId} were for sale";
        }
    }

    private static IEnumerable<string> Conservation(Evidence evidence)
    {
        foreach (var (sku, books) in evidence.Books)
        {
            var live = books.Rows.Where(row => row.Status is "placed" or "paid").ToDictionary(row => row.OrderId);
            var units = live.Values.Sum(row => row.Quantity);
            (string Left, long Is, string Right, long Should)[] equations =
            [
                ("allocated in Redis", books.Allocated, "units of the item", evidence.UnitsOf(sku)),
                ("allocated in PostgreSQL", books.LedgerAllocated, "units of the item", evidence.UnitsOf(sku)),
                ("available + held", books.Available + books.Held, "allocated", books.Allocated),
                ("held", books.Held, "units of all holds", books.Holds.Values.Sum(hold => hold.Units)),
                ("live of the ledger row", books.LedgerLive, "units of live orders", units),
                ("held", books.Held, "units of live orders", units),
                ("orders in the outbox", books.Outbox.Count, "none", 0),
            ];
            foreach (var (left, value, right, should) in equations.Where(equation => equation.Is != equation.Should))
            {
                yield return $"item {sku}: {left} is {value}, {right} {should}";
            }

            foreach (var order in books.Holds.Keys.Except(live.Keys))
            {
                yield return $"item {sku}: order {order} is held and not live";
            }

            foreach (var order in live.Values.Where(row => books.Holds.GetValueOrDefault(row.OrderId) != (row.UserId, row.Quantity)))
            {
                yield return $"item {sku}: its hold is not that of {order}";
            }

            foreach (var user in Differences(books, live.Values))
            {
                yield return $"item {sku}: the count of user {user} is not what the user's orders say";
            }
        }
    }

    private static IEnumerable<long> Differences(Books books, IEnumerable<Books.Row> live)
    {
        var should = live.GroupBy(row => row.UserId).ToDictionary(mine => mine.Key, mine => mine.Sum(row => row.Quantity));
        return should.Keys.Union(books.UnitsOfBuyers.Keys)
            .Where(user => should.GetValueOrDefault(user) != books.UnitsOfBuyers.GetValueOrDefault(user));
    }

    private static IEnumerable<string> ReturnedOnce(Evidence evidence)
    {
        foreach (var order in evidence.ReturnsUnderWay)
        {
            yield return $"the stock of order {order} has not come back";
        }

        // A rebuild begins to count anew.
        foreach (var (sku, released) in evidence.Released.Where(item =>
            evidence.LastLoss < 0 && evidence.Epochs.GetValueOrDefault(item.Key, 1) == 1))
        {
            var closed = evidence.Books[sku].Rows.Where(row => row.Status is not ("placed" or "paid")).ToArray();
            if (closed.Sum(row => row.Quantity) != released)
            {
                yield return $"item {sku}: {released} units came back, for {closed.Sum(row => row.Quantity)} units of closed orders: "
                    + string.Join(", ", closed.Take(20).Select(row => row.OrderId));
            }
        }
    }

    /// <summary>
    /// A "sold out" must be true of some moment from a second before the request to its answer. Between two samples no fewer units were
    /// for sale than the later one has, less what came back in between. So it can be shown of a stretch that there were enough.
    /// </summary>
    private static IEnumerable<string> SoldOut(Evidence evidence)
    {
        var samples = evidence.Stock.GroupBy(sample => sample.SkuId)
            .ToDictionary(item => item.Key, item => item.OrderBy(sample => sample.At).ToArray());
        foreach (var refusal in evidence.Operations.Where(operation => operation is { Act: Act.Order, Said: "sold-out" }))
        {
            var (from, to) = (refusal.Begun - StalenessMilliseconds, refusal.Ended);
            var seen = samples.GetValueOrDefault(refusal.SkuId) ?? [];
            var first = Array.FindLastIndex(seen, sample => sample.Until <= from);
            var last = Array.FindIndex(seen, sample => sample.At >= to);
            if (first < 0 || last < 0)
            {
                continue;
            }

            var enough = true;
            for (var i = first; i < last && enough; i++)
            {
                var (before, after) = (seen[i], seen[i + 1]);
                enough = before.Fence == after.Fence && after.Until - before.At < LongestGapMilliseconds
                    && after.Available - (after.Released - before.Released) >= refusal.Quantity;
            }

            if (enough)
            {
                var fewest = seen[first..(last + 1)].Min(sample => sample.Available);
                yield return $"there were {fewest} units from {from:0} to {to:0} ms: {refusal}";
            }
        }
    }

    private static IEnumerable<string> OverLimit(Evidence evidence)
    {
        // A Redis that lost data does not know what they had.
        var forgotten = evidence.Operations.Where(operation => operation.Act == Act.Order && evidence.MayBeForgotten(operation))
            .Select(operation => operation.UserId).ToHashSet();
        var meanwhile = evidence.Live.SelectMany(sample =>
            sample.OverLimit.Select(user => (user, sample.SkuId, When: $"at {sample.At:0} ms")));
        var afterwards = evidence.Books.SelectMany(item => item.Value.Rows
            .Where(row => row.Status is "placed" or "paid")
            .GroupBy(row => row.UserId)
            .Where(mine => mine.Sum(row => row.Quantity) > evidence.LimitPerUser)
            .Select(mine => (user: mine.Key, SkuId: item.Key, When: string.Join(", ", mine.Select(row => row.OrderId)))));
        return meanwhile.Concat(afterwards).Where(found => !forgotten.Contains(found.user)).DistinctBy(found => (found.user, found.SkuId))
            .Select(found => $"user {found.user} has more than {evidence.LimitPerUser} units of {found.SkuId}: {found.When}");
    }
}
