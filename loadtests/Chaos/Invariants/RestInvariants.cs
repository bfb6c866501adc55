namespace Seckill.Chaos.Invariants;

/// <summary>When all is at rest, nothing waits anywhere, and the old schema says what ours says.</summary>
internal static class RestInvariants
{
    public static readonly Invariant[] All = [new("queues empty", QueuesEmpty), new("legacy parity", LegacyParity)];

    private static IEnumerable<string> QueuesEmpty(Evidence evidence) =>
        evidence.Queues.Where(queue => queue.Value > 0).Select(queue => $"{queue.Value} messages wait in {queue.Key}")
            // Nothing that the clients send is refused by the schema, so nothing belongs there.
            .Concat(evidence.Quarantined.Select(order => $"order {order} is in quarantine"));

    // A difference is found in the moment in which the change counts as written; it is repaired afterwards, by hand.
    private static IEnumerable<string> LegacyParity(Evidence evidence)
    {
        foreach (var order in evidence.LegacyWaiting)
        {
            yield return $"order {order} waits to be written to the legacy schema";
        }

        foreach (var (order, should) in evidence.LegacyShould)
        {
            var said = evidence.LegacyIs.GetValueOrDefault(order, "missing");
            if (said != should && !evidence.LegacyFound.Contains(order))
            {
                yield return $"order {order} is '{should}', in the legacy schema '{said}', and nobody noticed";
            }
        }

        foreach (var order in evidence.LegacyIs.Keys.Except(evidence.LegacyShould.Keys))
        {
            yield return $"order {order} is in the legacy schema alone";
        }
    }
}
