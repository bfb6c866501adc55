using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>
/// Checks every answer against the earlier answers to the same buyer. A buyer's requests for an item are sequential, so the order of
/// the log decides.
/// </summary>
public static class AnswerAudit
{
    /// <summary>All wrong answers of the log.</summary>
    public static IEnumerable<Violation> Check(IEnumerable<OrderAttempt> log) =>
        log.GroupBy(attempt => (attempt.UserId, attempt.SkuId))
            .SelectMany(group => CheckBuyer([.. group.OrderBy(attempt => attempt.StartedAt)]));

    private static IEnumerable<Violation> CheckBuyer(IReadOnlyList<OrderAttempt> attempts)
    {
        var known = new BuyerKnowledge();
        foreach (var attempt in attempts)
        {
            if (attempt.Answer.Departure is { } departure)
            {
                yield return Wrong(ViolationKind.Undocumented, attempt, departure);
            }

            var violation = attempt.Answer.Kind switch
            {
                AnswerKind.Accepted => CheckAccepted(attempt, known),
                AnswerKind.Refused => CheckRefused(attempt, known),
                _ => null,
            };
            if (violation is not null)
            {
                yield return violation;
            }

            known.Learn(attempt);
        }
    }

    private static Violation? CheckAccepted(OrderAttempt attempt, BuyerKnowledge known)
    {
        var orderId = attempt.Answer.OrderId!;
        if (known.Under(attempt.Key) is { } earlier)
        {
            return earlier.Quantity != attempt.Quantity
                    ? Wrong(ViolationKind.WrongAnswer, attempt, $"accepted, although the key already ordered {earlier.Quantity}")
                : earlier.OrderId != orderId
                    ? Wrong(ViolationKind.Duplicate, attempt, $"the same key gave {earlier.OrderId} before and {orderId} now")
                : null;
        }

        return known.Orders.Contains(orderId) ? Wrong(ViolationKind.Duplicate, attempt, $"a new click got the old order {orderId}")
            : known.Units + attempt.Quantity > attempt.Request.Item.LimitPerUser
                ? Wrong(ViolationKind.LimitExceeded, attempt, $"accepted, although the buyer had {known.Units} already")
            : null;
    }

    private static Violation? CheckRefused(OrderAttempt attempt, BuyerKnowledge known)
    {
        var (code, limit) = (attempt.Answer.Code, attempt.Request.Item.LimitPerUser);
        if (code is RefusalCode.Unavailable or RefusalCode.Busy or RefusalCode.RateLimited)
        {
            return null;
        }

        if (code == RefusalCode.KeyReused)
        {
            return known.HasTriedOtherQuantity(attempt) ? null : Wrong(ViolationKind.WrongAnswer, attempt, "the key was not reused");
        }

        if (known.Under(attempt.Key) is { } earlier)
        {
            var expected = earlier.Quantity == attempt.Quantity ? $"the answer is {earlier.OrderId} again" : "the answer is 422";
            return Wrong(ViolationKind.WrongAnswer, attempt, expected);
        }

        var isPastLimit = known.Units > 0 && known.Units + attempt.Quantity > limit;
        return code switch
        {
            RefusalCode.SoldOut when isPastLimit =>
                Wrong(ViolationKind.WrongAnswer, attempt, "the buyer has orders and is past the limit"),
            RefusalCode.SoldOut => null,
            RefusalCode.LimitReached when known.MaximumUnits + attempt.Quantity <= limit =>
                Wrong(ViolationKind.WrongAnswer, attempt, $"the buyer has {known.Units} of {limit}"),
            RefusalCode.LimitReached when !known.Orders.IsSubsetOf(attempt.Answer.NamedOrders) =>
                Wrong(ViolationKind.WrongAnswer, attempt, $"names not all of {string.Join(", ", known.Orders)}"),
            RefusalCode.LimitReached => null,
            _ => Wrong(ViolationKind.WrongAnswer, attempt, "a valid order in an open sale"),
        };
    }

    private static Violation Wrong(ViolationKind kind, OrderAttempt attempt, string why) => new(
        kind,
        $"user {attempt.UserId}, item {attempt.SkuId} × {attempt.Quantity}, key {attempt.Key ?? "none"}, API {attempt.Api}, "
        + $"answer {attempt.Answer.Code}: {why}");
}
