using System.Globalization;
using System.Text;
using Seckill.LoadTests.Client;
using Seckill.Shared.Security;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Observability;

/// <summary>
/// What it costs to be watched: the same storefront twice, one of them scraped each second, with requests traced at the default ratio
/// and everything sent to a collector. In turns, so that both share the machine's mood. The workers behind them are the same.
/// </summary>
/// <param name="target">The system.</param>
/// <param name="options">How much.</param>
/// <param name="console">For people.</param>
public sealed class ObservabilityBench(LoadTarget target, BenchOptions options, IAnsiConsole console)
{
    private const double LeastRatio = 0.95;
    private const int WarmUpSeconds = 20;
    private static readonly Variant s_alone = new("alone", "nobody looks", "BENCH_API", "orders", VariantKind.Accept);
    private static readonly Variant s_watched = new(
        "watched", "scraped each second, traced, sent to a collector", "BENCH_OBSERVED", "orders", VariantKind.Accept);

    /// <summary>Runs, prints and writes <c>observability.md</c>.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        await using var site = await BenchSite.ConnectAsync(target, http);
        await using var collector = await Collector.StartAsync(BenchVariables.Address("BENCH_COLLECTOR"));
        var tokenFile = Path.Combine(Path.GetTempPath(), $"seckill-bench-{Environment.ProcessId}");
        try
        {
            var signer = new BuyerToken(target.BuyerTokenKey, TimeProvider.System);
            string[] tokens = [.. Enumerable.Range(1, options.Buyers).Select(user => signer.Sign(user, TimeSpan.FromHours(24)))];
            await File.WriteAllLinesAsync(tokenFile, tokens, cancellationToken);
            ILoadGenerator load = WrkLoad.IsInstalled
                ? new WrkLoad(tokenFile, options.Connections) : new HttpLoad(tokens, options.Connections);
            var runner = new VariantRunner(site, load, http, options.Connections, BenchVariables.Required("BENCH_PIDS"));
            var runs = new List<Measurement>();
            // The first is a warm-up.
            for (var round = 0; round <= options.Rounds; round++)
            {
                // Who begins changes, for the second finds warmer servers.
                foreach (var variant in round % 2 == 0 ? [s_alone, s_watched] : (Variant[])[s_watched, s_alone])
                {
                    var run = await RunAsync(runner, variant, http, round, cancellationToken);
                    console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"round {round} of {options.Rounds}  {run.Variant,-8} {run.Load.PerSecond,9:N0} answers/s  "
                        + $"p99 {run.Load.P99Milliseconds,6:0.0} ms  {run.BytesPerRequest,6:N0} B  others {run.OthersShare:P0}"));
                    runs.AddRange(round == 0 ? [] : [run]);
                }
            }

            var machine = await Machine.ReadAsync(site.Stores, Environment.GetEnvironmentVariable("ConnectionStrings__RabbitMq"));
            var bar = Ratio(runs);
            Directory.CreateDirectory(options.Output);
            var file = Path.Combine(options.Output, "observability.md");
            await File.WriteAllTextAsync(file, Page(runs, bar, machine, load.Name, collector.Received), cancellationToken);
            console.WriteLine($"{bar.Name}: {bar.Value}, needed {bar.Needed}: {(bar.IsMet ? "met" : "not met")}");
            console.WriteLine($"written: {file}");
            var wrong = runs.SelectMany(run => run.Rows?.Violations ?? []).ToList();
            wrong.ForEach(violation => console.WriteLine("WRONG: " + violation));
            return wrong.Count == 0 && collector.Received > 0 ? ExitCode.Right : ExitCode.Wrong;
        }
        finally
        {
            File.Delete(tokenFile);
        }
    }

    private async Task<Measurement> RunAsync(
        VariantRunner runner, Variant variant, HttpClient http, int round, CancellationToken cancellationToken)
    {
        var server = BenchVariables.Address(variant.Variable);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var scraping = variant == s_watched ? Collector.ScrapeAsync(http, server, over.Token) : Task.CompletedTask;
        var run = await runner.RunAsync(variant, server, round, round == 0 ? WarmUpSeconds : options.Seconds, cancellationToken);
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
            "accepted while watched ÷ alone", string.Create(CultureInfo.InvariantCulture, $"≥ {LeastRatio}"),
            string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:0.000} ({ratio.Least:0.000} to {ratio.Most:0.000})"),
            ratio.Median >= LeastRatio);
    }

    private string Page(List<Measurement> runs, Bar bar, Machine machine, string load, long received)
    {
        var page = new StringBuilder();
        void Line(string text) => page.Append(text).Append('\n');
        var command = BenchVariables.Read("BENCH_COMMAND", "./seckill bench observability");
        var commit = BenchVariables.Read("BENCH_COMMIT", "unknown");
        Line("# What it costs to be watched");
        Line("");
        Line(string.Create(
            CultureInfo.InvariantCulture, $"Written by `{command}` on {TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC at commit "
            + $"{commit}; nothing here is typed by hand."));
        Line($"One machine for everything: {machine.Cpu}, {machine.Cores} cores, .NET {machine.DotNet}. Load: {load}. So read the ratio.");
        Line(string.Create(CultureInfo.InvariantCulture, $"{options.Rounds} rounds of {options.Seconds} s, in turns."));
        Line("");
        Line("| bar | needed | measured | met |");
        Line("| --- | --- | --- | --- |");
        Line($"| {bar.Name} | {bar.Needed} | {bar.Value} | {(bar.IsMet ? "yes" : "**no**")} |");
        Line("");
        Line("| storefront | what | answers/s | p99 ms | bytes/request | its processor time, µs/request | of all processes |");
        Line("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var (variant, process) in ((Variant, string)[])[(s_alone, "api-1"), (s_watched, "api-3")])
        {
            double Median(Func<Measurement, double> value) =>
                Spread.Of(runs.Where(run => run.Variant == variant.Name).Select(value)).Median;
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"| {variant.Name} | {variant.Meaning} | {Median(run => run.Load.PerSecond):N0} | "
                + $"{Median(run => run.Load.P99Milliseconds):0.0} | {Median(run => run.BytesPerRequest):N0} | "
                + $"{Median(run => run.CpuMicroseconds[process]):0.0} | {Median(run => run.OwnCpuMicroseconds):0.0} |"));
        }

        Line("");
        Line(string.Create(CultureInfo.InvariantCulture, $"The collector got {received} requests with spans."));
        return page.ToString();
    }
}
