using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>Compares what buyers were promised with the order rows, in both directions.</summary>
public static class PromiseAudit
{
    /// <summary>The promises of a log: order id to the first answer that named it.</summary>
    public static IReadOnlyDictionary<string, OrderAttempt> Promises(IEnumerable<OrderAttempt> log)
    {
        var promises = new Dictionary<string, OrderAttempt>(StringComparer.Ordinal);
        foreach (var attempt in log.Where(attempt => attempt.Answer.Kind == AnswerKind.Accepted))
        {
            promises.TryAdd(attempt.Answer.OrderId!, attempt);
        }

        return promises;
    }

    /// <summary>Lost, duplicate, altered and unexpected orders.</summary>
    /// <param name="log">Every attempt.</param>
    /// <param name="rows">Every order of the sale, those in quarantine included.</param>
    public static IEnumerable<Violation> Check(IReadOnlyCollection<OrderAttempt> log, IReadOnlyList<OrderRow> rows)
    {
        var promises = Promises(log);
        var found = rows.Select(row => row.OrderId).ToHashSet(StringComparer.Ordinal);
        var lost = promises.Keys
            .Where(orderId => !found.Contains(orderId))
            .Select(orderId => new Violation(ViolationKind.Lost, $"{orderId} of user {promises[orderId].UserId}: promised, in no table"));
        return [.. lost, .. Shared(log, promises), .. Repeated(rows), .. Rows(rows, promises), .. Unexpected(log, rows, promises)];
    }

    private static IEnumerable<Violation> Shared(IEnumerable<OrderAttempt> log, IReadOnlyDictionary<string, OrderAttempt> promises) =>
        from attempt in log
        where attempt.Answer.Kind == AnswerKind.Accepted
        let first = promises[attempt.Answer.OrderId!]
        where (first.UserId, first.SkuId) != (attempt.UserId, attempt.SkuId)
        select new Violation(
            ViolationKind.Duplicate,
            $"{attempt.Answer.OrderId} is of user {first.UserId}, item {first.SkuId} and of user {attempt.UserId}, item {attempt.SkuId}");

    private static IEnumerable<Violation> Repeated(IEnumerable<OrderRow> rows) =>
        rows.GroupBy(row => row.OrderId)
            .Where(group => group.Skip(1).Any())
            .Select(group => new Violation(ViolationKind.Duplicate, $"{group.Key} has {group.Count()} rows"));

    private static IEnumerable<Violation> Rows(IEnumerable<OrderRow> rows, IReadOnlyDictionary<string, OrderAttempt> promises)
    {
        foreach (var row in rows)
        {
            if (!promises.TryGetValue(row.OrderId, out var promise))
            {
                continue;
            }

            var item = promise.Request.Item;
            var promised = new OrderRow(
                row.OrderId, promise.SkuId, promise.UserId, promise.Quantity, row.Status, item.UnitPrice, item.Currency);
            if (row != promised)
            {
                yield return new Violation(ViolationKind.Altered, $"promised {promised}; found {row}");
            }
            else if (row.Status == "rejected")
            {
                yield return new Violation(ViolationKind.Altered, $"{row.OrderId} of user {row.UserId}: promised, then rejected");
            }
        }
    }

    // A click with an unknown outcome explains one order of its buyer; all clicks under one key explain one between them,
    // and none when a later answer says which order the key gave.
    private static IEnumerable<Violation> Unexpected(
        IEnumerable<OrderAttempt> log, IEnumerable<OrderRow> rows, IReadOnlyDictionary<string, OrderAttempt> promises)
    {
        var answered = promises.Values.Select(promise => (promise.UserId, promise.SkuId, promise.Key)).ToHashSet();
        var explained = log.Where(attempt => attempt.Answer.MayHaveReserved)
            .GroupBy(attempt => (attempt.UserId, attempt.SkuId, attempt.Quantity, attempt.Key))
            .Where(clicks => clicks.Key.Key is null || !answered.Contains((clicks.Key.UserId, clicks.Key.SkuId, clicks.Key.Key)))
            .GroupBy(clicks => (clicks.Key.UserId, clicks.Key.SkuId, clicks.Key.Quantity))
            .ToDictionary(group => group.Key, group => group.Sum(clicks => clicks.Key.Key is null ? clicks.Count() : 1));

        foreach (var row in rows.Where(row => !promises.ContainsKey(row.OrderId)))
        {
            var click = (row.UserId, row.SkuId, row.Quantity);
            if (explained.TryGetValue(click, out var left) && left > 0)
            {
                explained[click] = left - 1;
            }
            else
            {
                yield return new Violation(ViolationKind.Unexpected, $"{row}; without a promise");
            }
        }
    }
}
