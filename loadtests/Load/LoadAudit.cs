using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Load;

/// <summary>
/// Audits a run. Over HTTP alone: the buyers' answers against the ledger, the service's own audit, and the orders as their buyers see
/// them. With the connection strings also order by order in the stores.
/// </summary>
/// <param name="target">The system.</param>
/// <param name="run">The run, over.</param>
public sealed class LoadAudit(LoadTarget target, SaleRun run)
{
    private const int MaximumFindings = 10;
    private static readonly ViolationKind[] s_overHttp =
        [ViolationKind.Lost, ViolationKind.Oversold, ViolationKind.Unexpected, ViolationKind.LimitExceeded];

    /// <summary>Orders or units that were promised and are nowhere.</summary>
    public long Lost { get; private set; }

    /// <summary>Units beyond the stock.</summary>
    public long Oversold { get; private set; }

    /// <summary>Other rows that are wrong.</summary>
    public int Wrong { get; private set; }

    /// <summary>Some sentences about what was found.</summary>
    public List<string> Findings { get; } = [];

    /// <summary>Waits until nothing is under way, then audits.</summary>
    public async Task<IReadOnlyList<ResultSection>> RunAsync(CancellationToken cancellationToken)
    {
        var drained = await run.DrainAsync(cancellationToken);
        Findings.AddRange(drained is null ? [] : [drained]);
        var sections = new List<ResultSection> { await OverHttpAsync(drained is null, cancellationToken) };
        if (run.Sale.Queue is { } queue)
        {
            var ledger = await run.Ops.LedgerAsync(run.Sale.Sale.SaleId, cancellationToken);
            sections.Add(QueueAudit.Check(queue, ledger.Sum(item => item.Available)));
        }

        if (target.HasStores)
        {
            sections.Add(await InStoresAsync(cancellationToken));
        }

        Wrong = sections.SelectMany(section => section.Rows)
            // Lost and oversold have thresholds of their own.
            .Count(row => row.Verdict == RowVerdict.Wrong && row.Name is not ("Lost" or "Oversold"));
        return sections;
    }

    private async Task<ResultSection> OverHttpAsync(bool isDrained, CancellationToken cancellationToken)
    {
        var (sale, log, ops) = (run.Sale.Restocked, run.Shop.Log, run.Ops);
        var ledger = await ops.LedgerAsync(sale.SaleId, cancellationToken);
        var audit = await ops.AuditAsync(sale.SaleId, cancellationToken);
        var quarantined = await ops.QuarantinedAsync(sale.SaleId, cancellationToken);
        var promises = PromiseAudit.Promises(log);
        var lookUp = new OrderLookUp(target, run.Buyers);
        var missing = await lookUp.RunAsync(promises.Values, cancellationToken);
        var violations = LedgerAudit.Check(sale, log, ledger, quarantined).ToArray();
        Take(violations);
        Take(missing);
        long Sum(Func<LedgerItem, long> units) => ledger.Sum(units);
        var (sold, returned, paid) = (Sum(item => item.Placed + item.Paid), Sum(item => item.Returned), Sum(item => item.Paid));
        var repeats = log.Count(attempt => attempt.Answer.Kind == AnswerKind.Accepted) - promises.Count;
        return new ResultSection("What the books say, over HTTP",
        [
            new("Orders promised", Amount.Text(promises.Count),
                $"{Amount.Text(promises.Values.Sum(promise => (long)promise.Answer.Units))} units"
                + (repeats > 0 ? $"; {Amount.Text(repeats)} answers are the same order again" : "")),
            new("Units found", Amount.Text(sold + returned + quarantined + Sum(item => item.Rejected)),
                $"{Amount.Text(sold)} sold, {Amount.Text(returned)} returned, {quarantined} in quarantine"),
            Row("Looked up", Amount.Text(lookUp.Answered),
                lookUp.Unanswered == 0 ? "promised orders, by their buyers" : $"and {lookUp.Unanswered} were not answered",
                lookUp.Unanswered == 0),
            Row("Drained", isDrained ? "yes" : "NO", "nothing waits any more", isDrained),
            .. AuditSection.Rows(
                violations.Any(violation => violation.Kind == ViolationKind.Lost) ? violations : [.. violations, .. missing], s_overHttp,
                "stock = available + sold, by item"),
            Row("Undocumented", Amount.Text(run.Shop.Departed), "answers outside the contract", run.Shop.Departed == 0),
            // A payment without an answer may have been accepted too.
            .. paid + run.Shop.Paid == 0 ? Array.Empty<ResultRow>()
                : [Row("Paid", Amount.Text(paid), $"units; {Amount.Text(run.Shop.Paid)} payments were accepted", paid >= run.Shop.Paid)],
            Row("Own audit", audit.Balanced ? "balanced" : "BROKEN",
                $"findings: {audit.Items.Sum(item => item.Findings.Count)}", audit.Balanced),
        ]);
    }

    private async Task<ResultSection> InStoresAsync(CancellationToken cancellationToken)
    {
        using var stock = await StockReader.ConnectAsync(target.Redis);
        await using var orders = new OrderReader(target.Orders);
        var state = await SaleState.ReadAsync(run.Sale.Restocked, orders, stock, run.Ops, cancellationToken);
        var violations = state.Check(run.Shop.Log);
        Take(violations);
        return AuditSection.Create("What the stores say", state, run.Shop.Log, violations, AuditSection.InStores);
    }

    // Each way of looking finds the same lost orders again, so the largest number counts.
    private void Take(IReadOnlyCollection<Violation> violations)
    {
        long Sum(ViolationKind kind) => violations.Where(violation => violation.Kind == kind).Sum(violation => violation.Amount);
        Lost = Math.Max(Lost, Sum(ViolationKind.Lost));
        Oversold = Math.Max(Oversold, Sum(ViolationKind.Oversold));
        Findings.AddRange(violations.Select(violation => $"{violation.Kind}: {violation.Detail}").Take(MaximumFindings));
    }

    private static ResultRow Row(string name, string value, string meaning, bool isRight) =>
        new(name, value, meaning, isRight ? RowVerdict.Right : RowVerdict.Wrong);
}
