namespace Seckill.Chaos.Invariants;

/// <summary>An order is paid or closed and never both, each payment counts once, and money that cannot be used is refunded once.</summary>
internal static class MoneyInvariants
{
    public static readonly Invariant[] All = [new("paid or closed", PaidOrClosed), new("refunded once", RefundedOnce),
        new("refunds within payments", RefundsWithinPayments)];

    private static IEnumerable<string> PaidOrClosed(Evidence evidence)
    {
        var rows = evidence.Rows.ToDictionary(row => row.OrderId);
        foreach (var row in rows.Values.Where(row => (row.WasPaid && row.WasClosed) || row.WasPaid != (row.Status == "paid")))
        {
            yield return $"is paid and closed: {row}";
        }

        var told = evidence.Operations.Where(operation => operation.OrderId is not null && Final(operation) is not null);
        foreach (var order in told.GroupBy(operation => operation.OrderId!))
        {
            var first = order.MinBy(operation => operation.Ended)!;
            foreach (var other in order.Where(operation => Final(operation) != Final(first)).Take(1))
            {
                yield return $"was told two ends of one order: {first}; {other}";
            }

            if (rows.TryGetValue(order.Key, out var row) && row.Status != Final(first))
            {
                yield return $"is {row.Status}, and its buyer was told {Final(first)}: {first}";
            }
        }
    }

    private static string? Final(Operation operation) => operation switch
    {
        { Act: Act.Look, Said: "paid" or "cancelled" or "expired" or "rejected" } => operation.Said,
        { Act: Act.Cancel, IsOk: true } => operation.Said,
        { Act: Act.Pay, Said: "accepted" } => "paid",
        _ => null,
    };

    // What an operator got a yes for is listed, and together it is at most what was paid.
    private static IEnumerable<string> RefundsWithinPayments(Evidence evidence)
    {
        var paid = evidence.Payments.Where(payment => payment.Outcome == "accepted").ToLookup(payment => payment.OrderId);
        var listed = evidence.Refunds.Where(refund => refund.Reason == "operator").ToLookup(refund => refund.OrderId);
        var asked = evidence.Calls.Where(call => call.Act == OperatorAct.Refund).ToLookup(call => call.Detail);
        foreach (var order in listed.Select(order => order.Key).Union(asked.Select(order => order.Key)))
        {
            var sum = listed[order].Sum(refund => refund.Amount);
            if (sum > paid[order].Sum(payment => payment.Amount))
            {
                yield return $"order {order} was paid {paid[order].Sum(payment => payment.Amount)}, and {sum} go back";
            }

            // Each call has a key of its own and is repeated until it has an answer.
            var (fewest, most) = (asked[order].Count(call => call.IsOk), asked[order].Count(call => call.IsOk || call.IsUnknown));
            if (listed[order].Count() < fewest || listed[order].Count() > most)
            {
                yield return $"order {order} has {listed[order].Count()} refunds: {string.Join("; ", asked[order])}";
            }
        }
    }

    private static IEnumerable<string> RefundedOnce(Evidence evidence)
    {
        var rows = evidence.Rows.ToDictionary(row => row.OrderId);
        var payments = evidence.Payments.ToLookup(payment => payment.PaymentId);
        var refunds = evidence.Refunds.ToLookup(refund => refund.PaymentId);
        foreach (var told in evidence.Operations.Where(operation => operation.Act == Act.Pay).GroupBy(operation => operation.Key!))
        {
            string[] outcomes = [.. told.Where(payment => payment.IsOk).Select(payment => payment.Said!).Distinct()];
            var recorded = payments[told.Key].ToArray();
            if (outcomes.Length > 0 && recorded.Length != 1)
            {
                yield return $"payment {told.Key} was answered and is recorded {recorded.Length} times: {told.First()}";
            }

            foreach (var said in outcomes.Where(said => said != "duplicate" && recorded.Any(payment => payment.Outcome != said)))
            {
                yield return $"payment {told.Key} was answered {said} and is recorded as {recorded[0].Outcome}: {told.First()}";
            }
        }

        foreach (var payment in evidence.Payments)
        {
            if (refunds[payment.PaymentId].Count(refund => refund.Reason != "operator") != (payment.Outcome == "refund" ? 1 : 0))
            {
                yield return $"{payment} is listed for refund {refunds[payment.PaymentId].Count()} times";
            }
        }

        foreach (var order in evidence.Payments.Where(payment => payment.Outcome == "accepted").GroupBy(payment => payment.OrderId))
        {
            if (order.Count() > 1 || rows.GetValueOrDefault(order.Key)?.Status != "paid")
            {
                yield return $"order {order.Key} is {rows.GetValueOrDefault(order.Key)?.Status}, with {order.Count()} payments accepted";
            }
        }

        var accepted = evidence.Payments.Where(payment => payment.Outcome == "accepted").Select(payment => payment.OrderId).ToHashSet();
        foreach (var row in rows.Values.Where(row => row.Status == "paid" && !accepted.Contains(row.OrderId)))
        {
            yield return $"is paid without a payment: {row}";
        }

        foreach (var refund in evidence.Refunds.Where(refund => evidence.LastLoss < 0 && refund.Reason == "unknown-order"))
        {
            yield return $"the payment of a confirmed order was refused: {refund}";
        }
    }
}
