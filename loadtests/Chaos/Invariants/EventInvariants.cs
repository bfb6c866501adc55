namespace Seckill.Chaos.Invariants;

/// <summary>
/// The events of a sale are the history of its orders: complete, once and in order where they are kept, at least once elsewhere.
/// </summary>
internal static class EventInvariants
{
    public static readonly Invariant[] All = [new("events", Events), new("events delivered", Delivered)];

    private static IEnumerable<string> Events(Evidence evidence)
    {
        var events = evidence.Events.OrderBy(one => one.Number).ToLookup(one => one.OrderId, one => one.Kind);
        foreach (var row in evidence.Rows)
        {
            string[] expected = row.Status is "placed" or "rejected" ? [row.Status] : ["placed", row.Status];
            string[] actual = [.. events[row.OrderId].Where(kind => kind != "refunded")];
            if (!actual.SequenceEqual(expected))
            {
                yield return $"{row} has the events {string.Join(", ", actual)}";
            }
        }

        var refunds = evidence.Refunds.Where(refund => refund.Reason == "operator").ToLookup(refund => refund.OrderId);
        foreach (var order in events.Select(order => order.Key).Union(refunds.Select(order => order.Key)))
        {
            var refunded = events[order].Count(kind => kind == "refunded");
            if (refunded != refunds[order].Count())
            {
                yield return $"order {order} has {refunds[order].Count()} refunds and {refunded} events of them";
            }
        }

        foreach (var order in events.Select(order => order.Key).Except(evidence.Rows.Select(row => row.OrderId)))
        {
            yield return $"order {order} has events and no row";
        }
    }

    private static IEnumerable<string> Delivered(Evidence evidence)
    {
        var first = evidence.Delivered.DistinctBy(one => one.Id).ToArray();
        foreach (var missing in evidence.Events.Except(first.Select(one => one.Event)))
        {
            yield return $"was not delivered: {missing}";
        }

        foreach (var surplus in first.Select(one => one.Event).Except(evidence.Events))
        {
            yield return $"was delivered and is none: {surplus}";
        }

        foreach (var order in first.GroupBy(one => one.Event.OrderId))
        {
            var numbers = order.Select(one => one.Event.Number).ToArray();
            if (!numbers.SequenceEqual(numbers.Order()))
            {
                yield return $"the events of order {order.Key} came as {string.Join(", ", numbers)}";
            }
        }
    }
}
