using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;
using Seckill.Shared.Security;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Seed;

/// <summary>
/// The comparison that this project starts from: thousands of buyers at once against a database that takes each order by itself, with no
/// limit to its connections but the server's, and against us. The same load in one run; ours first, because the other one takes all
/// connections of the server and keeps them.
/// </summary>
/// <param name="target">The system.</param>
/// <param name="options">Seconds, buyers, connections: the buyers at once.</param>
/// <param name="console">For people.</param>
public sealed class SeedBench(LoadTarget target, BenchOptions options, IAnsiConsole console)
{
    private const int BuyersAtOnce = 5_000;
    private const long EnoughUnits = 100_000_000;
    // They read, think and click again. Without it a closed loop measures nothing but its own number divided by the rate.
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(8);

    /// <summary>Runs, prints and writes <c>seed-figure.md</c>.</summary>
    /// <returns>An exit code: 1 when one of our promises was broken.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        await using var site = await BenchSite.ConnectAsync(target, http);
        var signer = new BuyerToken(target.BuyerTokenKey, TimeProvider.System);
        var load = new EngineLoad(
            [.. Enumerable.Range(1, options.Buyers).Select(user => signer.Sign(user, TimeSpan.FromHours(24)))], BuyersAtOnce);
        var (ours, theirs) = (BenchVariables.Address("BENCH_API"), BenchVariables.Address("BENCH_SEED"));

        console.WriteLine("warming up");
        var warm = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        await RunAsync(load, ours, warm.SaleId, s_warmUp, cancellationToken);
        await site.Stores.ForgetAsync(warm);

        var sale = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        var us = await MeasureAsync("Seckill", load, site, ours, sale.SaleId, IsOurs, cancellationToken);
        // A request that failed may have become an order.
        var wrong = await AcceptChecks.RunAsync(
            sale, us.Accepted, (int)us.Errors + BuyersAtOnce, site.Stores, site.Stock, site.Orders, cancellationToken);
        await site.Stores.ForgetAsync(sale);

        var baselineSale = await site.OpenAtBaselineAsync(theirs, EnoughUnits, cancellationToken);
        var them = await MeasureAsync(
            "an order, a transaction, a connection", load, site, theirs, baselineSale, name => !IsOurs(name), cancellationToken);
        var report = new SeedReport(
            TimeProvider.System.GetUtcNow(), BenchVariables.Read("BENCH_COMMAND", "./seckill bench seed"),
            BenchVariables.Read("BENCH_COMMIT", "unknown"),
            await Machine.ReadAsync(site.Stores, Environment.GetEnvironmentVariable("ConnectionStrings__RabbitMq")),
            BuyersAtOnce, s_pause.TotalSeconds, options.Seconds, us, them, wrong);
        await report.WriteAsync(options.Output);
        report.Print(console, options.Output);
        return wrong.Count == 0 ? ExitCode.Right : ExitCode.Wrong;
    }

    private static bool IsOurs(string application) => !application.StartsWith("Seckill.Baselines", StringComparison.Ordinal);

    private async Task<SeedSide> MeasureAsync(
        string name, EngineLoad load, BenchSite site, Uri server, long saleId, Func<string, bool> isItsConnection,
        CancellationToken cancellationToken)
    {
        console.WriteLine($"{Amount.Text(BuyersAtOnce)} buyers for {options.Seconds} s: {name}");
        var sampler = new RunSampler();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sampling = sampler.RunAsync(site.Stores, null, over.Token);
        var tally = await RunAsync(load, server, saleId, TimeSpan.FromSeconds(options.Seconds), cancellationToken);
        await over.CancelAsync();
        await sampling;
        var latency = tally.Latency();
        var side = new SeedSide(
            name, tally.Requests, tally.Count(outcome => outcome == Outcome.Accepted), tally.Count(outcome => outcome.IsError),
            latency.Mean / 1000, latency.Percentile(50) / 1000.0, latency.Percentile(99) / 1000.0,
            sampler.Connections.Where(entry => isItsConnection(entry.Key)).Sum(entry => entry.Value));
        console.WriteLine(side.ToString());
        return side;
    }

    private static async Task<Tally> RunAsync(
        EngineLoad load, Uri server, long saleId, TimeSpan time, CancellationToken cancellationToken) => (await load.RunAsync(
            new Uri(server, "orders"), saleId, BenchSite.SkuId,
            engine => engine.RunClosedAsync(BuyersAtOnce, time, s_pause, cancellationToken), cancellationToken)).Tally;
}
