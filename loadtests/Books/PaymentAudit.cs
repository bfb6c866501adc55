namespace Seckill.LoadTests.Books;

/// <summary>What the clients know of one order's end.</summary>
/// <param name="OrderId">The order.</param>
public sealed record OrderHistory(string OrderId)
{
    /// <summary>Payment ids and their answers: <c>accepted</c>, <c>duplicate</c>, <c>refund</c>, or what went wrong.</summary>
    public List<(string PaymentId, string Outcome)> Payments { get; } = [];

    /// <summary>The answer to the cancellation; null when the buyer did not cancel.</summary>
    public string? Cancellation { get; set; }

    /// <summary>True when the buyer followed the events of the order.</summary>
    public bool IsFollowed { get; set; }

    /// <summary>The last status of the events; null when there was none.</summary>
    public string? Followed { get; set; }

    /// <summary>True when a payment was accepted.</summary>
    public bool IsPaid => Payments.Exists(payment => payment.Outcome == "accepted");

    /// <summary>Every answer, for a message.</summary>
    public string Answers => string.Join(", ", Payments.Select(payment => payment.Outcome).Append(Cancellation));
}

/// <summary>The end of each order and of each payment: paid and closed exclude each other, and unusable money is refunded once.</summary>
public static class PaymentAudit
{
    /// <summary>Orders whose status contradicts an answer, and payments that are refunded wrongly.</summary>
    /// <param name="histories">Orders that were accepted.</param>
    /// <param name="rows">Their rows.</param>
    /// <param name="refunds">Payment ids that operators must refund, as often as they are listed.</param>
    public static IEnumerable<Violation> Check(
        IReadOnlyCollection<OrderHistory> histories, IReadOnlyList<OrderRow> rows, IReadOnlyList<string> refunds)
    {
        var statuses = rows.GroupBy(row => row.OrderId, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.First().Status, StringComparer.Ordinal);
        foreach (var order in histories)
        {
            var status = statuses.GetValueOrDefault(order.OrderId, "nowhere");
            if (!IsRight(order, status))
            {
                yield return new Violation(ViolationKind.WrongAnswer, $"order {order.OrderId} is {status}; answers: {order.Answers}");
            }

            if (order.IsFollowed && order.Followed != status)
            {
                yield return new Violation(
                    ViolationKind.WrongAnswer, $"the events of order {order.OrderId} end at {order.Followed ?? "nothing"}, it is {status}");
            }
        }

        foreach (var violation in CheckRefunds(histories, refunds))
        {
            yield return violation;
        }
    }

    /// <summary>Payments of these orders that are listed for refund.</summary>
    public static IReadOnlyList<string> RefundsOf(IEnumerable<OrderHistory> histories, IEnumerable<string> refunds) =>
        [.. refunds.Intersect(histories.SelectMany(order => order.Payments).Select(payment => payment.PaymentId), StringComparer.Ordinal)];

    // A slow machine may let any order expire before its payment arrives, but never after it was accepted.
    private static bool IsRight(OrderHistory order, string status) => status switch
    {
        "paid" => order.Cancellation != "cancelled" && order.Payments.Exists(payment => payment.Outcome is "accepted" or "duplicate"),
        "cancelled" => order.Cancellation == "cancelled" && !order.IsPaid,
        "expired" => order.Cancellation != "cancelled" && !order.IsPaid,
        _ => false,
    };

    private static IEnumerable<Violation> CheckRefunds(IReadOnlyCollection<OrderHistory> histories, IReadOnlyList<string> refunds)
    {
        var listed = refunds.ToHashSet(StringComparer.Ordinal);
        foreach (var (paymentId, outcome) in histories.SelectMany(order => order.Payments))
        {
            if (outcome == "refund" && !listed.Contains(paymentId))
            {
                yield return new Violation(ViolationKind.Lost, $"payment {paymentId} must be refunded and is not listed");
            }
            else if (outcome == "accepted" && listed.Contains(paymentId))
            {
                yield return new Violation(ViolationKind.WrongAnswer, $"payment {paymentId} was accepted and is listed for refund");
            }
        }

        foreach (var repeated in refunds.GroupBy(id => id, StringComparer.Ordinal).Where(group => group.Skip(1).Any()))
        {
            yield return new Violation(ViolationKind.Duplicate, $"payment {repeated.Key} is listed for refund {repeated.Count()} times");
        }
    }
}
