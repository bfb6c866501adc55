namespace Seckill.Chaos.Invariants;

/// <summary>
/// In a sale with a waiting room each place belongs to one buyer, a turn makes one order, and no buyer waits while one further back is
/// admitted. Places that Redis lost are excused: no other store has them (docs/decisions/0047).
/// </summary>
internal static class QueueInvariants
{
    /// <summary>Milliseconds for which an instance that was cut off may answer from what it read before.</summary>
    private const double Stale = 6_000;

    public static readonly Invariant[] All =
        [new("queue answers", Answers), new("places", Places), new("turns", Turns), new("overtaken", Overtaken)];

    private static IEnumerable<string> Answers(Evidence evidence) => evidence.Looks
        .Where(look => (look.Status, look.Said) is not ((0, _) or (503, "unavailable" or "busy") or (404, "not-registered")
            or (202, "registered" or "waiting" or "admitted" or "ended")))
        .Select(look => $"is no documented answer: {look}");

    private static IEnumerable<string> Places(Evidence evidence) => Certain(evidence)
        .Where(look => look.Position is not null)
        .GroupBy(look => look.Position)
        .Where(place => place.Select(look => look.UserId).Distinct().Count() > 1)
        .Select(place => $"one place, two buyers: {string.Join("; ", place.DistinctBy(look => look.UserId))}");

    // A buyer whose turn was missed comes to another place, and to another order.
    private static IEnumerable<string> Turns(Evidence evidence)
    {
        if (evidence.Looks.Count == 0)
        {
            yield break;
        }

        var turns = evidence.Looks.Where(look => look.Pass is not null).GroupBy(look => look.UserId)
            .ToDictionary(looks => looks.Key, looks => looks.Select(look => look.Position).Distinct().Count());
        foreach (var order in evidence.Accepted.Where(order => order.Pass is null))
        {
            yield return $"was accepted without a pass: {order}";
        }

        foreach (var orders in evidence.Accepted.Where(order => IsAfterLosses(evidence, order.Begun)).DistinctBy(order => order.OrderId)
            .GroupBy(order => (order.UserId, order.SkuId)).Where(orders => orders.Count() > turns.GetValueOrDefault(orders.Key.UserId)))
        {
            yield return $"{turns.GetValueOrDefault(orders.Key.UserId)} turns, more orders: {string.Join("; ", orders)}";
        }
    }

    private static IEnumerable<string> Overtaken(Evidence evidence)
    {
        var admitted = Certain(evidence).Where(look => look is { Pass: not null, Position: not null })
            .OrderBy(look => look.Ended).ToArray();
        foreach (var waiting in Certain(evidence).Where(look => look is { Said: "waiting", Position: not null }))
        {
            var ahead = admitted.TakeWhile(look => look.Ended + Stale < waiting.Begun)
                .FirstOrDefault(look => look.Position > waiting.Position);
            if (ahead is not null)
            {
                yield return $"waits: {waiting}; and was overtaken: {ahead}";
            }
        }
    }

    private static IEnumerable<QueueLook> Certain(Evidence evidence) =>
        evidence.Looks.Where(look => IsAfterLosses(evidence, look.Begun));

    private static bool IsAfterLosses(Evidence evidence, double at) => evidence.LastLoss < 0 || at > evidence.LastLoss + Stale;
}
