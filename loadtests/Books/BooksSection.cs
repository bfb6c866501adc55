using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Books;

/// <summary>Whether the sale was right: the client's log against PostgreSQL, Redis and the ledger.</summary>
public static class BooksSection
{
    private static readonly (ViolationKind Kind, string Name, string Meaning)[] s_checks =
    [
        (ViolationKind.Lost, "Lost", "promised, found nowhere"),
        (ViolationKind.Duplicate, "Duplicates", "one click, two orders"),
        (ViolationKind.Oversold, "Oversold", "units beyond the stock"),
        (ViolationKind.LimitExceeded, "Over the limit", "buyers with too many units"),
        (ViolationKind.Unexpected, "Unexpected", "orders nobody was promised"),
        (ViolationKind.Altered, "Altered", "orders unlike the promise"),
        (ViolationKind.WrongAnswer, "Wrong answers", "for this buyer, at this time"),
        (ViolationKind.Undocumented, "Undocumented", "answers outside the contract"),
    ];

    /// <summary>The rows.</summary>
    /// <param name="books">What the stores say.</param>
    /// <param name="log">What the client says.</param>
    /// <param name="violations">What does not agree.</param>
    /// <param name="untilLastOrder">From the last 202 to the last row in PostgreSQL; null when nothing was accepted.</param>
    public static ResultSection Create(
        SaleBooks books, IReadOnlyList<OrderAttempt> log, IReadOnlyList<Violation> violations, TimeSpan? untilLastOrder)
    {
        var promises = PromiseAudit.Promises(log);
        var quarantined = books.Rows.Count(row => row.IsQuarantined);
        var explained = books.Rows.Count(row => !promises.ContainsKey(row.OrderId)) - Count(violations, ViolationKind.Unexpected);
        var unbalanced = Count(violations, ViolationKind.Unbalanced);
        var units = promises.Values.Sum(promise => promise.Answer.Units);
        var unsold = books.Stock.Sum(item => item.Available);
        return new ResultSection("What the books say",
        [
            new("Orders promised", Amount.Text(promises.Count), $"{Amount.Text(units)} units"),
            new("In PostgreSQL", Amount.Text(books.Rows.Count - quarantined),
                explained == 0 ? "order rows" : $"{Amount.Text(explained)} after a failed answer"),
            new("In quarantine", Amount.Text(quarantined), "waiting for an operator"),
            new("Last order there", untilLastOrder is { } time ? Amount.Text(time) : "–", "after the last buyer heard yes"),
            new("Unsold", Amount.Text(unsold), $"of {Amount.Text(books.Sale.Items.Sum(item => item.Allocated))} units"),
            .. s_checks.Select(check => Row(check.Name, violations.Where(violation => violation.Kind == check.Kind), check.Meaning)),
            new("Balanced", unbalanced == 0 ? "yes" : "NO",
                unbalanced == 0 ? "stock = unsold + in PostgreSQL" : $"equations broken: {Amount.Text(unbalanced)}",
                unbalanced == 0 ? RowVerdict.Right : RowVerdict.Wrong),
        ]);
    }

    private static int Count(IReadOnlyList<Violation> violations, ViolationKind kind) =>
        violations.Count(violation => violation.Kind == kind);

    private static ResultRow Row(string name, IEnumerable<Violation> violations, string meaning)
    {
        var amount = violations.Sum(violation => violation.Amount);
        return new(name, Amount.Text(amount), meaning, amount == 0 ? RowVerdict.Right : RowVerdict.Wrong);
    }
}
