namespace Seckill.Chaos.Invariants;

/// <summary>What an operator got a yes for holds, in both stores, until the next operator asks for something else.</summary>
internal static class OperatorInvariants
{
    public static readonly Invariant[] All =
    [
        new("closed", evidence => Contradictions(evidence, OperatorAct.Close)),
        new("opened", evidence => Contradictions(evidence, OperatorAct.Open)),
        new("sale state", SaleState), new("stock changes", StockChanges), new("operator answers", Answers),
    ];

    // Until the opposite is asked for. A Redis that lost the change meanwhile gets it back from the row, a moment later.
    private static IEnumerable<string> Contradictions(Evidence evidence, OperatorAct act)
    {
        var firstUses = evidence.Operations.Where(operation => operation is { Act: Act.Order, Key: not null })
            .GroupBy(operation => (operation.UserId, operation.SkuId, operation.Key))
            .ToDictionary(uses => uses.Key, uses => uses.Min(operation => operation.Begun));
        var opposite = StateChanges(evidence).Where(call => call.Act != act).ToArray();
        foreach (var change in StateChanges(evidence).Where(call => call.Act == act && call.IsOk))
        {
            var until = opposite.Where(call => call.Ended > change.Begun).Select(call => call.Begun).DefaultIfEmpty(double.MaxValue).Min();
            foreach (var click in evidence.Operations.Where(click =>
                click.Act == Act.Order && click.Begun > change.Ended && click.Ended < until
                && (act == OperatorAct.Close ? click.IsAccepted && !IsReplay(click, change.Ended) : click.Said == "sale-closed")
                && !evidence.Losses.Any(loss => loss > change.Begun && loss < click.Ended)))
            {
                yield return $"{change}; and later: {click}";
            }
        }

        // The order of a key is the same after the close.
        bool IsReplay(Operation click, double closed) =>
            click.Key is not null && firstUses[(click.UserId, click.SkuId, click.Key)] < closed;
    }

    private static IEnumerable<string> SaleState(Evidence evidence)
    {
        foreach (var (sku, state) in evidence.ItemStates.Where(item => item.Value != evidence.SaleState))
        {
            yield return $"item {sku} is {state} in Redis, the sale is {evidence.SaleState} in PostgreSQL";
        }

        // The last yes holds, unless somebody asked for the opposite at the same time or later.
        var changes = StateChanges(evidence).ToArray();
        var act = evidence.SaleState?.State == "closed" ? OperatorAct.Close : OperatorAct.Open;
        var lastAsked = changes.Where(call => call.Act == act).Select(call => call.Ended).DefaultIfEmpty(0).Max();
        foreach (var change in changes.Where(call => call.Act != act && call.IsOk && call.Begun > lastAsked))
        {
            yield return $"the sale is {evidence.SaleState} in the end, and nobody asked for it after: {change}";
        }
    }

    private static IEnumerable<OperatorCall> StateChanges(Evidence evidence) => evidence.Calls.Where(call =>
        call.Act is OperatorAct.Open or OperatorAct.Close && call.MayHaveChangedState);

    private static IEnumerable<string> StockChanges(Evidence evidence)
    {
        var made = evidence.StockChanges.ToDictionary(change => (change.SkuId, change.Key));
        foreach (var asked in evidence.Calls.Where(call => call.Act == OperatorAct.ChangeStock).GroupBy(call => (call.SkuId, call.Detail)))
        {
            var (row, last) = (made.GetValueOrDefault(asked.Key), asked.Last());
            made.Remove(asked.Key);
            if (row is null ? asked.Any(call => call.IsOk) : row.Delta != last.Delta || asked.All(call => !call.IsOk && !call.IsUnknown))
            {
                yield return $"PostgreSQL has {row?.ToString() ?? "no such change"}: {string.Join("; ", asked)}";
            }
        }

        foreach (var change in made.Values)
        {
            yield return $"nobody asked for {change}";
        }

        foreach (var change in evidence.StockChanges.Where(change => !change.IsDone))
        {
            yield return $"is never finished: {change}";
        }
    }

    private static IEnumerable<string> Answers(Evidence evidence) =>
        evidence.Calls.Where(call => (call.Act, call.Status, call.Code) switch
        {
            (_, 0, _) or (_, 200, _) or (_, 503, "unavailable") or (OperatorAct.Rebuild, 202, _) => false,
            (OperatorAct.Open or OperatorAct.Close, 409, "state-changed") => false,
            (OperatorAct.Open or OperatorAct.Rebuild, 409, "stock-lost") => false,
            (OperatorAct.Rebuild or OperatorAct.Repair, 409, "repair-running") => false,
            (OperatorAct.Refund, 409, "refund-too-large") => false,
            (OperatorAct.Rebuild, 409, "outbox-not-drained") or (OperatorAct.ChangeStock, 409, "stock-in-use") => false,
            _ => true,
        }).Select(call => $"is no documented answer: {call}");
}
