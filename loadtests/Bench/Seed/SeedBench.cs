using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Seed;

/// <summary>
/// The comparison that this project starts from: thousands of buyers at once against a database that takes each order by itself, with no
/// limit to its connections but the server's, and against Seckill. The same load in one run; Seckill first, because the baseline takes all
/// connections of the server and keeps them.
/// </summary>
/// <param name="session">The system.</param>
public sealed class SeedBench(BenchSession session)
{
    private const int BuyersAtOnce = 5_000;
    private const long EnoughUnits = 100_000_000;
    // Buyers think between clicks. Without a pause a closed loop measures only its own number divided by the rate.
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(8);

    /// <summary>Runs, prints and writes <c>seed-figure.md</c>.</summary>
    /// <returns>An exit code: 1 when Seckill broke a promise.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var (options, site) = (session.Options, session.Site);
        var load = new EngineLoad(session.Tokens, BuyersAtOnce);
        var (seckill, baseline) = (BenchVariables.Address("BENCH_API"), BenchVariables.Address("BENCH_SEED"));

        session.Console.WriteLine("warming up");
        var warm = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        await RunAsync(load, seckill, warm.SaleId, s_warmUp, cancellationToken);
        await site.Stores.ForgetAsync(warm);

        var sale = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        var own = await MeasureAsync("Seckill", load, seckill, sale.SaleId, IsOwn, cancellationToken);
        // A request that failed may have become an order.
        var wrong = await site.CheckAsync(sale, own.Accepted, (int)own.Errors + BuyersAtOnce, cancellationToken);
        await site.Stores.ForgetAsync(sale);

        var baselineSale = await site.OpenAtBaselineAsync(baseline, EnoughUnits, cancellationToken);
        var direct = await MeasureAsync(
            "an order, a transaction, a connection", load, baseline, baselineSale, name => !IsOwn(name), cancellationToken);
        await new SeedReport(
            await session.OriginAsync(), BuyersAtOnce, s_pause.TotalSeconds, options.Seconds, own, direct, wrong)
            .WriteAsync(session.Console, options.Output);
        return session.Conclude(wrong);
    }

    private static bool IsOwn(string application) => !application.StartsWith("Seckill.Baselines", StringComparison.Ordinal);

    private async Task<SeedSide> MeasureAsync(
        string name, EngineLoad load, Uri server, long saleId, Func<string, bool> isItsConnection,
        CancellationToken cancellationToken)
    {
        session.Console.WriteLine($"{Amount.Text(BuyersAtOnce)} buyers for {session.Options.Seconds} s: {name}");
        var sampler = new RunSampler();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sampling = sampler.RunAsync(session.Site.Stores, null, over.Token);
        var tally = await RunAsync(load, server, saleId, TimeSpan.FromSeconds(session.Options.Seconds), cancellationToken);
        await over.CancelAsync();
        await sampling;
        var latency = tally.Latency();
        var side = new SeedSide(
            name, tally.Requests, tally.Count(outcome => outcome == Outcome.Accepted), tally.Count(outcome => outcome.IsError),
            latency.Mean / 1000, latency.Percentile(50) / 1000.0, latency.Percentile(99) / 1000.0,
            sampler.Connections.Where(entry => isItsConnection(entry.Key)).Sum(entry => entry.Value));
        session.Console.WriteLine(side.ToString());
        return side;
    }

    private static async Task<Tally> RunAsync(
        EngineLoad load, Uri server, long saleId, TimeSpan time, CancellationToken cancellationToken) => (await load.RunAsync(
            new Uri(server, "orders"), saleId, BenchSite.SkuId,
            engine => engine.RunClosedAsync(BuyersAtOnce, time, s_pause, cancellationToken), cancellationToken)).Tally;
}
