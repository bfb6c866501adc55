using System.Globalization;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Runner;

/// <summary>
/// The load runner against known programs: its highest rate against that of <c>wrk</c>, and its percentiles against those of
/// <c>h2load</c>, from a server whose answers take the same time for all of them. In turns, because the load of a shared machine varies.
/// </summary>
/// <param name="session">The system.</param>
public sealed class RunnerBench(BenchSession session)
{
    private const int Connections = 128;
    private const int TimedConnections = 64;
    private const int WarmUpSeconds = 5;

    /// <summary>Runs, prints and writes <c>runner.md</c>.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (!WrkLoad.IsInstalled || !H2Load.IsInstalled)
        {
            throw new InvalidOperationException("The comparison needs wrk and h2load (Debian: wrk, nghttp2-client).");
        }

        var empty = new Uri(BenchVariables.Address("BENCH_EMPTY"), "orders");
        var waiting = new Uri(BenchVariables.Address("BENCH_WAITING"), "orders");
        var (options, tokens) = (session.Options, session.Tokens);
        var tokenFile = await session.WriteTokensAsync(cancellationToken);
        ILoadGenerator[] loads =
            [new WrkLoad(tokenFile, Connections), new EngineLoad(tokens, Connections), new HttpLoad(tokens, Connections)];
        foreach (var load in loads)
        {
            await load.RunAsync(empty, 1, BenchSite.SkuId, WarmUpSeconds, cancellationToken);
        }

        var report = new RunnerReport(await session.OriginAsync(), Connections, TimedConnections, options.Seconds, [], []);
        var known = new H2Load(tokens[0], TimedConnections);
        var own = new EngineLoad(tokens, TimedConnections);
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var load in loads)
            {
                var result = await load.RunAsync(empty, 1, BenchSite.SkuId, options.Seconds, cancellationToken);
                report.Rates.Add(new RateRun(load.Name, result.PerSecond));
                session.Console.WriteLine($"round {round}  {load.Name,-44} {Amount.Text(result.PerSecond),9}/s");
            }

            var reference = await known.RunAsync(waiting, 1, options.Seconds, cancellationToken);
            var (closed, _) = await own.RunAsync(
                waiting, 1, BenchSite.SkuId,
                engine => engine.RunClosedAsync(
                    TimedConnections, TimeSpan.FromSeconds(options.Seconds), TimeSpan.Zero, cancellationToken),
                cancellationToken);
            // Open-loop arrivals need spare connections.
            var rate = reference.Count / options.Seconds;
            var (open, _) = await new EngineLoad(tokens, 2 * TimedConnections).RunAsync(
                waiting, 1, BenchSite.SkuId,
                engine => engine.RunOpenAsync(new Arrivals([new Phase(rate, rate, options.Seconds)]), cancellationToken),
                cancellationToken);
            foreach (var run in (TimedRun[])
                [
                    new(RunnerReport.Reference, reference), new("Seckill's runner, closed loop", closed.Service),
                    new("Seckill's runner, open loop", open.Latency()),
                ])
            {
                report.Timed.Add(run);
                session.Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round}  {run.Generator,-24} {run.Latency.Count,9:N0} requests, "
                    + $"p50 {run.Latency.Percentile(50)}, p90 {run.Latency.Percentile(90)}, p99 {run.Latency.Percentile(99)} µs"));
            }
        }

        await report.WriteAsync(session.Console, options.Output);
        return ExitCode.Right;
    }
}
