using System.Globalization;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Observability;

/// <summary>
/// The cost of observability: the same storefront twice, one of them scraped each second, with requests traced at the default ratio and
/// everything sent to a collector. In turns, so that both share the machine's load. The workers behind them are the same.
/// </summary>
/// <param name="session">The system.</param>
public sealed class ObservabilityBench(BenchSession session)
{
    private const double MinimumRatio = 0.95;
    private const int WarmUpSeconds = 20;
    private static readonly Variant s_alone = new("alone", "not observed", "BENCH_API", "orders", VariantKind.Accept);
    private static readonly Variant s_watched = new(
        "watched", "scraped each second, traced, sent to a collector", "BENCH_OBSERVED", "orders", VariantKind.Accept);

    /// <summary>Runs, prints and writes <c>observability.md</c>.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var options = session.Options;
        await using var collector = await Collector.StartAsync(BenchVariables.Address("BENCH_COLLECTOR"));
        var load = await session.CreateLoadAsync(cancellationToken);
        var runner = session.CreateRunner(load);
        var runs = new List<Measurement>();
        // The first is a warm-up.
        for (var round = 0; round <= options.Rounds; round++)
        {
            // The first changes each round, because the second finds warmer servers.
            foreach (var variant in round % 2 == 0 ? [s_alone, s_watched] : (Variant[])[s_watched, s_alone])
            {
                var run = await RunAsync(runner, variant, round, cancellationToken);
                session.Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round} of {options.Rounds}  {run.Variant,-8} {run.Load.PerSecond,9:N0} answers/s  "
                    + $"p99 {run.Load.P99Milliseconds,6:0.0} ms  {run.BytesPerRequest,6:N0} B  others {run.OthersShare:P0}"));
                runs.AddRange(round == 0 ? [] : [run]);
            }
        }

        var bar = Ratio(runs);
        await Page(runs, bar, await session.OriginAsync(), load.Name, collector.Received)
            .WriteAsync(session.Console, options.Output, "observability.md", [bar]);
        var code = session.Conclude([.. runs.SelectMany(run => run.Rows?.Violations ?? [])]);
        return collector.Received > 0 ? code : ExitCode.Wrong;
    }

    private async Task<Measurement> RunAsync(
        VariantRunner runner, Variant variant, int round, CancellationToken cancellationToken)
    {
        var server = BenchVariables.Address(variant.Variable);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var scraping = variant == s_watched ? Collector.ScrapeAsync(session.Http, server, over.Token) : Task.CompletedTask;
        var run = await runner.RunAsync(variant, server, round, round == 0 ? WarmUpSeconds : session.Options.Seconds, cancellationToken);
        await over.CancelAsync();
        await scraping;
        return run;
    }

    private static Bar Ratio(IReadOnlyList<Measurement> runs)
    {
        List<double> Rates(Variant variant) =>
            [.. runs.Where(run => run.Variant == variant.Name).OrderBy(run => run.Round).Select(run => run.Load.PerSecond)];
        var ratio = Spread.Ratio(Rates(s_watched), Rates(s_alone));
        return new Bar(
            "accepted while watched ÷ alone", string.Create(CultureInfo.InvariantCulture, $"≥ {MinimumRatio}"),
            string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:0.000} ({ratio.Minimum:0.000} to {ratio.Maximum:0.000})"),
            ratio.Median >= MinimumRatio);
    }

    private BenchPage Page(List<Measurement> runs, Bar bar, BenchOrigin origin, string load, long received)
    {
        var page = new BenchPage("What observability costs", origin);
        page.Line($"Load: {load}. {session.Options.Rounds} rounds of {session.Options.Seconds} s, in turns.");
        page.Bars([bar]);
        page.Table(
            ["storefront", "what", "answers/s", "p99 ms", "bytes/request", "its processor time, µs/request", "of all processes"],
            [Row(s_alone, "api-1"), Row(s_watched, "api-3")]);
        page.Line($"");
        page.Line($"The collector received {received} requests with spans.");
        return page;

        string[] Row(Variant variant, string process)
        {
            string Median(string format, Func<Measurement, double> value) => Spread
                .Of(runs.Where(run => run.Variant == variant.Name).Select(value)).Median.ToString(format, CultureInfo.InvariantCulture);
            return
            [
                variant.Name, variant.Meaning, Median("N0", run => run.Load.PerSecond), Median("0.0", run => run.Load.P99Milliseconds),
                Median("N0", run => run.BytesPerRequest), Median("0.0", run => run.CpuMicroseconds[process]),
                Median("0.0", run => run.OwnCpuMicroseconds),
            ];
        }
    }
}
