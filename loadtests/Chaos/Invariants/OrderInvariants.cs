namespace Seckill.Chaos.Invariants;

/// <summary>Each confirmed order exists exactly once, none exists that nobody asked for, and every answer is a documented one.</summary>
internal static class OrderInvariants
{
    /// <summary>The order path touches Redis alone, and waits two seconds for it; a frozen process adds its freeze.</summary>
    private const double LongestOrderMilliseconds = 10_000;

    public static readonly Invariant[] All =
    [
        new("lost", Lost), new("unexpected", Unexpected), new("duplicates", Duplicates), new("answers", Answers),
    ];

    private static IEnumerable<string> Lost(Evidence evidence)
    {
        var known = evidence.Rows.Select(row => row.OrderId).Concat(evidence.Quarantined).ToHashSet();
        var accepted = evidence.Accepted.Where(order => !evidence.MayBeForgotten(order)).ToArray();
        var certain = accepted.Select(order => order.OrderId!).ToHashSet();
        var between = evidence.Homeless
            .SelectMany(sample => sample.OrderIds.Where(certain.Contains).Select(order => (order, sample.At)))
            .DistinctBy(found => found.order)
            .Select(found => $"order {found.order} was neither in the outbox nor in PostgreSQL at {found.At:0} ms");
        return accepted.Where(order => !known.Contains(order.OrderId!)).Select(order => $"was confirmed and is nowhere: {order}")
            .Concat(between);
    }

    private static IEnumerable<string> Unexpected(Evidence evidence)
    {
        var accepted = evidence.Accepted.ToLookup(order => order.OrderId!);
        // An acceptance is for good; a refusal says nothing of a request with the same key that is still under way.
        var answered = evidence.Operations.Where(operation => operation is { IsAccepted: true, Key: not null })
            .Select(operation => (operation.UserId, operation.Key)).ToHashSet();
        // At most one order for each request whose outcome the client never learnt. A Redis that lost data forgot its keys as well.
        var unknown = evidence.Operations
            .Where(operation => operation is { Act: Act.Order, IsUnknown: true }
                && (evidence.MayBeForgotten(operation) || !answered.Contains((operation.UserId, operation.Key))))
            .ToLookup(operation => operation.UserId, operation => (object?)operation.Key ?? operation);
        foreach (var surplus in evidence.Rows.Where(row => !accepted.Contains(row.OrderId)).GroupBy(row => row.UserId))
        {
            if (surplus.Count() > unknown[surplus.Key].Distinct().Count())
            {
                var orders = string.Join(", ", surplus.Select(row => row.OrderId));
                yield return $"user {surplus.Key} has orders that nobody asked for: {orders}";
            }
        }

        foreach (var row in evidence.Rows)
        {
            if (accepted[row.OrderId].FirstOrDefault() is { } order && (order.UserId, order.Quantity) != (row.UserId, row.Quantity))
            {
                yield return $"{row} is not what was confirmed: {order}";
            }
        }
    }

    private static IEnumerable<string> Duplicates(Evidence evidence)
    {
        foreach (var twice in evidence.Rows.GroupBy(row => row.OrderId).Where(rows => rows.Count() > 1))
        {
            yield return $"order {twice.Key} has {twice.Count()} rows";
        }

        foreach (var retries in evidence.Accepted.Where(order => order.Key is not null && !evidence.MayBeForgotten(order))
            .GroupBy(order => (order.UserId, order.SkuId, order.Key)))
        {
            if (retries.Select(order => order.OrderId).Distinct().Count() > 1)
            {
                yield return $"one key, two orders: {string.Join("; ", retries)}";
            }
        }

        foreach (var same in evidence.Accepted.GroupBy(order => order.OrderId))
        {
            if (same.Select(order => order.Key).Distinct().Count() > 1 || (same.First().Key is null && same.Count() > 1))
            {
                yield return $"two requests, one order: {string.Join("; ", same)}";
            }
        }
    }

    private static IEnumerable<string> Answers(Evidence evidence)
    {
        var owners = evidence.Rows.ToDictionary(row => row.OrderId, row => row.UserId);
        foreach (var operation in evidence.Operations)
        {
            var forgotten = evidence.LastLoss >= 0 && operation.Status == 404;
            var documented = forgotten || (operation.Act, operation.Status, operation.Said) switch
            {
                (_, 0, _) or (_, 503, "unavailable") => true,
                // Cancellations and payments are never refused for the load.
                (Act.Order or Act.Look, 503, "busy") => true,
                (Act.Order, 202, _) or (Act.Order, 409, "sold-out" or "sale-closed") => true,
                (Act.Order, 403, "pass-required" or "pass-expired" or "pass-used") => evidence.Looks.Count > 0,
                (Act.Order, 409, "limit-reached") => evidence.LastLoss >= 0 || (operation.Told.Count > 0
                    && operation.Told.All(id => owners.GetValueOrDefault(id, operation.UserId) == operation.UserId)),
                (Act.Look, 200, "reserved" or "placed" or "paid" or "cancelled" or "expired" or "rejected") => true,
                (Act.Cancel, 200, "cancelled") or (Act.Cancel, 409, "not-cancellable") => true,
                // An API whose clock is minutes off refuses signatures; the provider tells another one.
                (Act.Pay, 200, "accepted" or "duplicate" or "refund") or (Act.Pay, 401, "unauthenticated") => true,
                _ => false,
            };
            if (!documented)
            {
                yield return $"is no documented answer: {operation}";
            }

            if (operation.Act == Act.Order && operation.Ended - operation.Begun > LongestOrderMilliseconds)
            {
                yield return $"left a buyer hanging: {operation}";
            }
        }
    }
}
