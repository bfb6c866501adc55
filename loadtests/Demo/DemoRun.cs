using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;
using Seckill.Shared.Security;
using Spectre.Console;

namespace Seckill.LoadTests.Demo;

/// <summary>One demonstration from the creation of the sale to the verdict.</summary>
/// <param name="deployment">The system under test.</param>
/// <param name="options">Sizes.</param>
/// <param name="console">Where the story is told.</param>
public sealed class DemoRun(Deployment deployment, DemoOptions options, IAnsiConsole console)
{
    private const long FirstSku = 1001;
    private const int PollsAfterwards = 100;
    private const int ExamplesPerKind = 3;
    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(10);

    /// <returns>An <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var sale = CreateSale();
        Say($"Sale {sale.SaleId}: {options.Items} items × {Amount.Text(options.Stock)} units, {Amount.Text(options.Buyers)} buyers, "
            + $"{deployment.Apis.Count} API instance(s), seed {options.Seed.ToString(CultureInfo.InvariantCulture)}.");
        var tokens = new BuyerToken(deployment.BuyerTokenKey, TimeProvider.System);
        var crowd = Crowd.Draw(sale, options.Buyers, options.Seed, tokens);

        using var ops = new OpsClient(deployment.Inventory, deployment.OpsKey);
        using var stock = await StockReader.ConnectAsync(deployment.Redis);
        await using var orders = new OrderReader(deployment.Orders);
        await ops.CreateAsync(sale, cancellationToken);
        await ops.OpenAsync(sale.SaleId, cancellationToken);

        using var http = StorefrontClient.Connect(options.Connections);
        var scoreboard = new Scoreboard();
        var rush = new Rush(http, deployment.Apis, scoreboard);
        await WaitForTheShopAsync(http, sale, cancellationToken);
        var absent = new OrderRequest(sale.SaleId, sale.Items[^1] with { SkuId = FirstSku + options.Items }, 1);
        if (await rush.KnockAsync(options.Connections, absent, crowd[0].Authorization, cancellationToken) is { } unfriendly)
        {
            Say($"The storefront should refuse an item that is not for sale with {RefusalCode.UnknownItem}. {unfriendly}");
            return ExitCode.Wrong;
        }

        await using var dualWrite = await DualWriteSection.BeginAsync(deployment, cancellationToken);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = new PersistenceWatch(orders, sale.SaleId);
        var watched = watch.RunAsync(watching.Token);
        var selling = SellAsync(rush, crowd, new Drain(sale, stock, orders, watch), cancellationToken);
        await new ProgressDisplay(console, scoreboard, stock, watch).ShowAsync(sale, selling, cancellationToken);
        if (await selling is { } unfinished)
        {
            Say(unfinished);
        }

        var log = rush.Log;
        var promises = PromiseAudit.Promises(log);
        await rush.PollAsync(promises.Values.Take(PollsAfterwards), crowd, cancellationToken);
        await watching.CancelAsync();
        await watched;
        var lastPromise = promises.Values.Select(promise => promise.EndedAt).DefaultIfEmpty().Max();
        var legacy = await dualWrite.CreateAsync(deployment, sale.SaleId, lastPromise, cancellationToken);

        var books = await SaleState.ReadAsync(sale, orders, stock, ops, cancellationToken);
        IReadOnlyList<Violation> violations = [.. books.Audit(log), .. CheckPolls(rush.Polls)];
        var (lives, disagreements) = await LiveAsync(tokens, ops, stock, orders, cancellationToken);
        return Report(
            [
                RushSection.Create(log, rush.Duration, options.Buyers, options.Connections),
                BooksSection.Create(books, log, violations, UntilLastOrder(promises.Values, watch)),
                legacy,
                lives,
            ],
            [.. violations, .. disagreements]);
    }

    // A sale of its own, because units that come back would hide in the first one what was sold twice.
    private async Task<(ResultSection Section, IReadOnlyList<Violation> Violations)> LiveAsync(
        BuyerToken tokens, OpsClient ops, StockReader stock, OrderReader orders, CancellationToken cancellationToken)
    {
        using var life = new Life(deployment, Math.Min(options.Items, 2), Math.Min(options.Stock, 1_000), tokens);
        await ops.CreateAsync(life.Sale, cancellationToken);
        await ops.OpenAsync(life.Sale.SaleId, cancellationToken);
        Say($"Sale {life.Sale.SaleId}: some pay within {life.Sale.PaymentTimeoutSeconds} s, some cancel, some do nothing; "
            + "others buy what comes back.");
        var log = await life.RunAsync(cancellationToken);
        await life.SettleAsync(ops, cancellationToken);
        var books = await SaleState.ReadAsync(life.Sale, orders, stock, ops, cancellationToken);
        var audit = new LifeAudit(log, books, await ops.RefundsAsync(cancellationToken));
        var violations = audit.Check();
        return (LifeSection.Create(audit, violations), violations);
    }

    private async Task<string?> SellAsync(Rush rush, IReadOnlyList<DemoBuyer> crowd, Drain drain, CancellationToken cancellationToken)
    {
        await rush.RunAsync(crowd, options.Connections, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return await drain.WaitAsync(PromiseAudit.Promises(rush.Log).Count, cancellationToken);
    }

    // Sale ids stay within 32 bits because the legacy schema's do.
    private Sale CreateSale()
    {
        var now = TimeProvider.System.GetUtcNow();
        var items = Enumerable.Range(0, options.Items)
            .Select(index => new SaleItem(FirstSku + index, options.Stock, 1 + (index % 2), 1999 + (500 * index), "EUR"));
        // Opened a minute ago, so that a clock that is a little behind ours does not send the first buyers away.
        return new Sale(
            RandomNumberGenerator.GetInt32(1, int.MaxValue), "Demonstration", now.AddMinutes(-1), now.AddHours(2), 3600, [.. items]);
    }

    private async Task WaitForTheShopAsync(HttpMessageInvoker http, Sale sale, CancellationToken cancellationToken)
    {
        using var storefront = new StorefrontClient(http, deployment.Apis, cancellationToken);
        var started = Stopwatch.GetTimestamp();
        for (var api = 0; api < deployment.Apis.Count; api++)
        {
            HttpStatusCode? status;
            while ((status = await storefront.FindSaleAsync(api, sale.SaleId)) != HttpStatusCode.OK)
            {
                if (Stopwatch.GetElapsedTime(started) > s_startTimeout)
                {
                    throw new HttpRequestException($"{deployment.Apis[api]} does not show the sale: "
                        + (status is { } code ? $"GET sales/{sale.SaleId} answers {(int)code}." : "no answer."));
                }

                await Task.Delay(100, cancellationToken);
            }
        }
    }

    private static IEnumerable<Violation> CheckPolls(IEnumerable<OrderPoll> polls) =>
        from poll in polls
        let status = poll.Status ?? HttpStatusCode.ServiceUnavailable
        where status is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable)
        select new Violation(ViolationKind.WrongAnswer, $"GET orders/{poll.OrderId}, API {poll.Api}: {(int)status} after the 202");

    private static TimeSpan? UntilLastOrder(IEnumerable<OrderAttempt> promises, PersistenceWatch watch)
    {
        var lastPromise = promises.Select(promise => promise.EndedAt).DefaultIfEmpty().Max();
        return lastPromise == 0 || watch.Count == 0 ? null : watch.LastChange > lastPromise
            ? Stopwatch.GetElapsedTime(lastPromise, watch.LastChange)
            : TimeSpan.Zero;
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

    // Not through the console's own wrapping: a line is a line for whoever reads the log.
    private void Say(string text) => console.Profile.Out.Writer.WriteLine(text);
}
