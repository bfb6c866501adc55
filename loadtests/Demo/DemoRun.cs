using System.Diagnostics;
using System.Globalization;
using System.Net;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Demo;

/// <summary>Two runs of <c>load</c>: a rush, and then a sale with a short time to pay. Each is audited in the stores.</summary>
/// <param name="target">The system under test, with its stores.</param>
/// <param name="options">Sizes.</param>
/// <param name="console">Shows progress and the result.</param>
public sealed class DemoRun(LoadTarget target, DemoOptions options, IAnsiConsole console)
{
    private const int ExamplesPerKind = 3;

    /// <returns>An <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var stock = await StockReader.ConnectAsync(target.Redis);
        await using var orders = new OrderReader(target.Orders);
        var (rush, violations) = await RushAsync(stock, orders, cancellationToken);
        var (life, disagreements) = await LiveAsync(stock, orders, cancellationToken);
        return Report([.. rush, life], [.. violations, .. disagreements]);
    }

    private async Task<(IReadOnlyList<ResultSection> Sections, IReadOnlyList<Violation> Violations)> RushAsync(
        StockReader stock, OrderReader orders, CancellationToken cancellationToken)
    {
        var crowd = new Crowd(options);
        using var run = new SaleRun(target, crowd.Scenario, crowd.Settings, console);
        await using var sold = new OpenSale(run);
        var (sale, seed) = (run.Sale.Sale, options.Seed.ToString(CultureInfo.InvariantCulture));
        Say($"Sale {sale.SaleId}: {options.Items} items × {Amount.Text(options.Stock)} units, {Amount.Text(options.Buyers)} buyers, "
            + $"{target.Apis.Count} API instance(s), seed {seed}.");
        await using var dualWrite = await DualWriteSection.BeginAsync(target, cancellationToken);
        await using var watch = new PersistenceWatch(orders, sale.SaleId);
        await SellAsync(run, cancellationToken);
        var promises = PromiseAudit.Promises(run.Shop.Log);
        var missing = await new OrderLookUp(target, run.Buyers).RunAsync(promises.Values, cancellationToken);
        await watch.StopAsync();
        var lastPromise = promises.Values.Select(promise => promise.EndedAt).DefaultIfEmpty().Max();
        var legacy = await dualWrite.CreateAsync(target.Orders, sale.SaleId, lastPromise, cancellationToken);
        var state = await SaleState.ReadAsync(sale, orders, stock, run.Ops, cancellationToken);
        IReadOnlyList<OrderAttempt> log = [.. run.Shop.Log];
        IReadOnlyList<Violation> violations =
        [
            .. AnswerAudit.Check(log), .. state.Check(log), .. crowd.Violations,
            // An order in no table is found there already.
            .. missing.Select(violation => violation with { Kind = ViolationKind.WrongAnswer }),
        ];
        return (
            [
                RushSection.Create(log, run.Elapsed, options.Buyers, options.Connections),
                AuditSection.Create(
                    "What the books say", state, log, violations, AuditSection.WithAnswers,
                    new ResultRow("Last order there", watch.Since(lastPromise), "after the last buyer heard yes")),
                legacy,
            ], violations);
    }

    // A sale of its own: units that come back would hide what the first one sold twice.
    private async Task<(ResultSection Section, IReadOnlyList<Violation> Violations)> LiveAsync(
        StockReader stock, OrderReader orders, CancellationToken cancellationToken)
    {
        var life = new Life(Math.Min(options.Items, 2), Math.Min(options.Stock, 1_000));
        using var run = new SaleRun(target, life.Scenario, life.Settings, console);
        await using var sold = new OpenSale(run);
        Say($"Sale {run.Sale.Sale.SaleId}: some pay within {life.Settings.PaymentTimeoutSeconds} s, some cancel, some do nothing; "
            + "others buy what comes back.");
        await SellAsync(run, cancellationToken);
        var state = await SaleState.ReadAsync(run.Sale.Sale, orders, stock, run.Ops, cancellationToken);
        var refunds = await run.Ops.RefundsAsync(cancellationToken);
        IReadOnlyList<Violation> violations =
            [.. life.Violations, .. state.Check(run.Shop.Log), .. PaymentAudit.Check(life.Orders, state.Orders, refunds)];
        return (LifeSection.Create(life, state, PaymentAudit.RefundsOf(life.Orders, refunds).Count, violations), violations);
    }

    private async Task SellAsync(SaleRun run, CancellationToken cancellationToken)
    {
        await run.SellAsync(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        if (await run.DrainAsync(cancellationToken) is { } unfinished)
        {
            Say(unfinished);
        }
    }

    private int Report(IReadOnlyList<ResultSection> sections, IReadOnlyList<Violation> violations)
    {
        ResultTable.Print(console, sections);
        foreach (var kind in violations.GroupBy(violation => violation.Kind))
        {
            foreach (var violation in kind.Take(ExamplesPerKind))
            {
                Say($"{kind.Key}: {violation.Detail}");
            }

            if (kind.Count() > ExamplesPerKind)
            {
                Say($"{kind.Key}: and {Amount.Text(kind.Count() - ExamplesPerKind)} more");
            }
        }

        var isRight = ResultTable.IsRight(sections);
        console.MarkupLine(isRight
            ? "[green]RIGHT[/]: every promised order exists exactly once, every unit is accounted for."
            : "[red]WRONG[/]: the rows marked above are not what they must be.");
        return isRight ? ExitCode.Right : ExitCode.Wrong;
    }

    // Not through the console, which wraps: a line of a log stays one line.
    private void Say(string text) => console.Profile.Out.Writer.WriteLine(text);

    /// <summary>Closes the sale of a run whatever ends the run. Without a sale, or without the key, there is nothing to close.</summary>
    private sealed class OpenSale(SaleRun run) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            try
            {
                await run.CloseAsync();
            }
            catch (HttpRequestException error)
            {
                if (error.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.Unauthorized))
                {
                    await Console.Error.WriteLineAsync($"Sale {run.Sale.Sale.SaleId} is still open: {error.Message}");
                }
            }
        }
    }
}
