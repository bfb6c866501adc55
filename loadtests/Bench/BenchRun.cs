using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;
using Seckill.Shared.Security;
using Spectre.Console;

namespace Seckill.LoadTests.Bench;

/// <summary>The whole benchmark: warm-up, turns, report.</summary>
/// <param name="target">The system.</param>
/// <param name="options">What to measure.</param>
/// <param name="console">For people.</param>
public sealed class BenchRun(LoadTarget target, BenchOptions options, IAnsiConsole console)
{
    // Long enough for the runtime to have compiled the hot path with what it learned.
    private const int WarmUpSeconds = 20;

    /// <summary>Runs and prints.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var date = TimeProvider.System.GetUtcNow();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        await using var site = await BenchSite.ConnectAsync(target, http);
        var tokenFile = Path.Combine(Path.GetTempPath(), $"seckill-bench-{Environment.ProcessId}");
        try
        {
            console.WriteLine($"signing the tokens of {Amount.Text(options.Buyers)} buyers");
            var tokens = SignTokens();
            await File.WriteAllLinesAsync(tokenFile, tokens, cancellationToken);
            ILoadGenerator load = WrkLoad.IsInstalled
                ? new WrkLoad(tokenFile, options.Connections) : new EngineLoad(tokens, options.Connections);
            var runner = new VariantRunner(site, load, http, options.Connections, BenchVariables.Required("BENCH_PIDS"));
            var measurements = await MeasureAsync(runner, cancellationToken);
            IReadOnlyList<LifeRound> life = options.Names.Contains("life")
                ? await new LifeBench(site, load, BenchVariables.Address("BENCH_API"), options, console)
                    .RunAsync(target, BenchVariables.Required("ConnectionStrings__RabbitMq"), cancellationToken)
                : [];
            var report = new BenchReport(
                date, BenchVariables.Read("BENCH_COMMAND", "./seckill bench"), BenchVariables.Read("BENCH_COMMIT", "unknown"),
                await Machine.ReadAsync(site.Stores, Environment.GetEnvironmentVariable("ConnectionStrings__RabbitMq")),
                load.Name, options.Rounds, options.Seconds, measurements, life,
                [.. Bars.Compute(measurements), .. LifeRound.Bars(life)]);
            await report.WriteAsync(options.Output);
            Print(report);
            return measurements.All(run => run.Rows is null or { Violations.Count: 0 })
                && life.All(round => round.Violations.Count == 0)
                ? ExitCode.Right
                : ExitCode.Wrong;
        }
        finally
        {
            File.Delete(tokenFile);
        }
    }

    private async Task<List<Measurement>> MeasureAsync(VariantRunner runner, CancellationToken cancellationToken)
    {
        var variants = Variant.All.Where(variant => options.Names.Contains(variant.Name)).ToArray();
        foreach (var variant in variants)
        {
            console.WriteLine($"warming up {variant.Name}");
            await runner.RunAsync(variant, BenchVariables.Address(variant.Variable), 0, WarmUpSeconds, cancellationToken);
        }

        var measurements = new List<Measurement>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var variant in variants)
            {
                var run = await runner.RunAsync(
                    variant, BenchVariables.Address(variant.Variable), round, options.Seconds, cancellationToken);
                measurements.Add(run);
                console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round} of {options.Rounds}  {run.Variant,-10} {run.Load.PerSecond,9:N0} answers/s  "
                    + $"{run.Rows?.RowsPerSecond ?? 0,9:N0} rows/s  p99 {run.Load.P99Milliseconds,6:0.0} ms  "
                    + $"row p99 {run.Rows?.DelayP99Milliseconds ?? 0,6:N0} ms  {run.BytesPerRequest,6:N0} B  "
                    + $"others {run.OthersShare:P0}"));
                console.WriteLine("    CPU µs/request: " + string.Join(", ", run.CpuMicroseconds
                    .Where(entry => entry.Value >= 0.5)
                    .OrderByDescending(entry => entry.Value)
                    .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {entry.Value:0.0}"))));
                foreach (var violation in run.Rows?.Violations ?? [])
                {
                    console.WriteLine("WRONG: " + violation);
                }
            }
        }

        return measurements;
    }

    private List<string> SignTokens()
    {
        var signer = new BuyerToken(target.BuyerTokenKey, TimeProvider.System);
        return [.. Enumerable.Range(1, options.Buyers).Select(user => signer.Sign(user, TimeSpan.FromHours(24)))];
    }

    private void Print(BenchReport report)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("bar", "needed", "measured", "met");
        foreach (var bar in report.Bars)
        {
            table.AddRow(Markup.Escape(bar.Name), bar.Needed, Markup.Escape(bar.Value), bar.IsMet ? "[green]yes[/]" : "[red]no[/]");
        }

        console.Write(table);
        console.WriteLine($"written: {Path.Combine(options.Output, "benchmarks.md")}");
    }
}
