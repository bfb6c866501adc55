using System.Globalization;
using Seckill.LoadTests.Bench.Startup;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Cold;

/// <summary>
/// A rush that meets a storefront at the moment at which it is ready, and the same rush at the same process later; with the warm-up and
/// without it, in turns.
/// </summary>
/// <param name="session">The servers, InventoryService and a worker run; no storefront does.</param>
public sealed class ColdBench(BenchSession session)
{
    private const long EnoughUnits = 100_000_000;
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(2);
    private readonly Uri _address = BenchVariables.Address("BENCH_START");
    private readonly string[] _published = [BenchVariables.Required("BENCH_START_PROGRAM")];

    /// <summary>Runs, prints and writes <c>cold.md</c>.</summary>
    /// <returns>An exit code: 1 when a promise was broken.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var load = new EngineLoad(session.Tokens, session.Options.Connections);
        // The first start reads its files from the disk, and this process compiles its code.
        await MeasureAsync(load, warmsUp: true, [], cancellationToken);
        List<string> wrong = [];
        var report = new ColdReport(session.Options, s_rest.TotalSeconds, [], []);
        for (var round = 1; round <= session.Options.Rounds; round++)
        {
            // Each is the first in every other round.
            foreach (var warmsUp in (bool[])[round % 2 == 1, round % 2 == 0])
            {
                var process = await MeasureAsync(load, warmsUp, wrong, cancellationToken);
                (warmsUp ? report.Warmed : report.Unprepared).Add(process);
                session.Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round}  {(warmsUp ? "with" : "without"),7} warm-up  ready after {process.Ready.TotalSeconds:0.00} s  "
                    + $"first second {process.First.AcceptedInFirstSecond,6:N0}, p99 {process.First.P99OfFirstSecond,6:N0} ms  "
                    + $"later {process.Later.AcceptedInFirstSecond,6:N0}, p99 {process.Later.P99OfFirstSecond,6:N0} ms"));
            }
        }

        await report.WriteAsync(session.Console, await session.OriginAsync());
        return session.Conclude(wrong);
    }

    private async Task<ColdProcess> MeasureAsync(
        EngineLoad load, bool warmsUp, List<string> wrong, CancellationToken cancellationToken)
    {
        var (first, between, later) = (await OpenAsync(), await OpenAsync(), await OpenAsync());
        await using var storefront = await StartedStorefront.StartAsync(
            _published, _address, warmsUp, session.Http, cancellationToken);
        var atOnce = await RushAsync(first);
        // The process serves a crowd, and then recovers from it.
        await load.RunAsync(
            new Uri(_address, "orders"), between.SaleId, BenchSite.SkuId, session.Options.Seconds, cancellationToken);
        await Task.Delay(s_rest, cancellationToken);
        var warm = await RushAsync(later);
        foreach (var (sale, accepted) in ((Sale, long)[])[(first, atOnce.Accepted), (later, warm.Accepted)])
        {
            // A request that failed may have become an order.
            wrong.AddRange(await session.Site.CheckAsync(sale, accepted, session.Options.Connections, cancellationToken));
        }

        foreach (var sale in (Sale[])[first, between, later])
        {
            await session.Site.Stores.ForgetAsync(sale);
        }

        return new ColdProcess(storefront.Took, atOnce.Rush, warm.Rush);

        Task<Sale> OpenAsync() => session.Site.OpenSaleAsync(EnoughUnits, cancellationToken);
        Task<(Rush Rush, long Accepted)> RushAsync(Sale sale) =>
            Rush.RunAsync(
                load, session.Options.Connections, new Uri(_address, "orders"), sale.SaleId, storefront.ProcessorTime, cancellationToken);
    }
}

/// <summary>One process.</summary>
/// <param name="Ready">From its start until it was ready.</param>
/// <param name="First">The rush at that moment.</param>
/// <param name="Later">The same rush when it was warm.</param>
public sealed record ColdProcess(TimeSpan Ready, Rush First, Rush Later);
