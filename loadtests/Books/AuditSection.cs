using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Books;

/// <summary>The rows of a result that show whether a sale was right.</summary>
public static class AuditSection
{
    private static readonly (ViolationKind Kind, string Name, string Meaning)[] s_rows =
    [
        (ViolationKind.Lost, "Lost", "promised, found nowhere"),
        (ViolationKind.Duplicate, "Duplicates", "one click, two orders"),
        (ViolationKind.Oversold, "Oversold", "units beyond the stock"),
        (ViolationKind.LimitExceeded, "Over the limit", "buyers with too many units"),
        (ViolationKind.Unexpected, "Unexpected", "orders without a promise"),
        (ViolationKind.Altered, "Altered", "orders unlike the promise"),
        (ViolationKind.WrongAnswer, "Wrong answers", "for this buyer, at this time"),
        (ViolationKind.Undocumented, "Undocumented", "answers outside the contract"),
    ];

    /// <summary>What a log of <c>POST /orders</c> and the stores can show.</summary>
    public static IReadOnlyList<ViolationKind> InStores { get; } =
    [
        ViolationKind.Lost, ViolationKind.Duplicate, ViolationKind.Oversold, ViolationKind.LimitExceeded, ViolationKind.Unexpected,
        ViolationKind.Altered,
    ];

    /// <summary>What a log with refusals can show as well.</summary>
    public static IReadOnlyList<ViolationKind> WithAnswers { get; } = [.. InStores, ViolationKind.WrongAnswer, ViolationKind.Undocumented];

    /// <summary>The clients' log against PostgreSQL, Redis and the ledger.</summary>
    /// <param name="title">Heading.</param>
    /// <param name="state">What the stores say.</param>
    /// <param name="log">What the clients say.</param>
    /// <param name="violations">What does not agree.</param>
    /// <param name="kinds">What was looked for.</param>
    /// <param name="further">Rows of the caller's own, after the numbers of orders.</param>
    public static ResultSection Create(
        string title, SaleState state, IReadOnlyCollection<OrderAttempt> log, IReadOnlyList<Violation> violations,
        IEnumerable<ViolationKind> kinds, params IEnumerable<ResultRow> further)
    {
        var promises = PromiseAudit.Promises(log);
        var quarantined = state.Orders.Count(row => row.IsQuarantined);
        var explained = state.Orders.Count(row => !promises.ContainsKey(row.OrderId))
            - violations.Count(violation => violation.Kind == ViolationKind.Unexpected);
        return new ResultSection(title,
        [
            new("Orders promised", Amount.Text(promises.Count),
                $"{Amount.Text(promises.Values.Sum(promise => (long)promise.Answer.Units))} units"),
            new("In PostgreSQL", Amount.Text(state.Orders.Count - quarantined),
                explained == 0 ? "order rows" : $"{Amount.Text(explained)} after a failed answer"),
            new("In quarantine", Amount.Text(quarantined), "waiting for an operator"),
            .. further,
            new("Unsold", Amount.Text(state.Items.Sum(item => item.Stock.Available)),
                $"of {Amount.Text(state.Items.Sum(item => item.Item.Allocated))} units"),
            .. Rows(violations, kinds, "stock = unsold + in PostgreSQL"),
        ]);
    }

    /// <summary>A row for each kind, and whether the equations hold.</summary>
    /// <param name="violations">What was found.</param>
    /// <param name="kinds">What was looked for.</param>
    /// <param name="equation">In short.</param>
    public static IEnumerable<ResultRow> Rows(
        IReadOnlyCollection<Violation> violations, IEnumerable<ViolationKind> kinds, string equation)
    {
        foreach (var (kind, name, meaning) in s_rows.Where(row => kinds.Contains(row.Kind)))
        {
            var amount = violations.Where(violation => violation.Kind == kind).Sum(violation => violation.Amount);
            yield return new ResultRow(name, Amount.Text(amount), meaning, amount == 0 ? RowVerdict.Right : RowVerdict.Wrong);
        }

        var unbalanced = violations.Count(violation => violation.Kind == ViolationKind.Unbalanced);
        yield return unbalanced == 0
            ? new ResultRow("Balanced", "yes", equation, RowVerdict.Right)
            : new ResultRow("Balanced", "NO", $"equations broken: {Amount.Text(unbalanced)}", RowVerdict.Wrong);
    }
}
