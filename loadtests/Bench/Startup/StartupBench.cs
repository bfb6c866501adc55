using System.Globalization;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Startup;

/// <summary>
/// How soon a storefront takes orders: as it is published, and for comparison as it is built, in turns. Only the servers run beside it: in
/// production even these are on other machines.
/// </summary>
/// <param name="session">The servers; none of the services runs.</param>
public sealed class StartupBench(BenchSession session)
{
    private const double LongestSeconds = 0.4;
    private static readonly TimeSpan s_schema = TimeSpan.FromSeconds(5);
    private readonly string[] _published = [BenchVariables.Required("BENCH_START_PROGRAM")];
    private readonly string[] _built = ["dotnet", BenchVariables.Required("BENCH_START_BUILT")];

    /// <summary>Runs, prints and writes <c>startup.md</c>.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var options = session.Options;
        // The first start of each reads its files from the disk and creates the schema, and this process compiles its code.
        await MeasureAsync(_built, false, s_schema, cancellationToken);
        await MeasureAsync(_published, true, s_schema, cancellationToken);
        List<double> published = [], warm = [], built = [], busy = [];
        for (var round = 1; round <= options.Rounds; round++)
        {
            busy.Add(await Machine.BusyShareAsync(TimeSpan.FromSeconds(1), cancellationToken));
            published.Add(await MeasureAsync(_published, false, TimeSpan.Zero, cancellationToken));
            warm.Add(await MeasureAsync(_published, true, TimeSpan.Zero, cancellationToken));
            built.Add(await MeasureAsync(_built, false, TimeSpan.Zero, cancellationToken));
            session.Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"round {round} of {options.Rounds}  published {published[^1]:0.000} s  "
                + $"with its warm-up {warm[^1]:0.000} s  built {built[^1]:0.000} s  others {busy[^1]:P0}"));
        }

        await Page(published, warm, built, Spread.Of(busy), await session.OriginAsync())
            .WriteAsync(session.Console, options.Output, "startup.md", [Mark(published)]);
        return ExitCode.Right;
    }

    private async Task<double> MeasureAsync(
        IReadOnlyList<string> command, bool warmsUp, TimeSpan lives, CancellationToken cancellationToken)
    {
        await using var storefront = await StartedStorefront.StartAsync(
            command, BenchVariables.Address("BENCH_START"), warmsUp, session.Http, cancellationToken);
        await Task.Delay(lives, cancellationToken);
        return storefront.Took.TotalSeconds;
    }

    private static Bar Mark(List<double> published) => new(
        "process start to ready, as published, without its warm-up", string.Create(CultureInfo.InvariantCulture, $"< {LongestSeconds} s"),
        Seconds(published), Spread.Of(published).Median < LongestSeconds);

    private BenchPage Page(List<double> published, List<double> warm, List<double> built, Spread busy, BenchOrigin origin)
    {
        var page = new BenchPage("How soon a storefront takes orders", origin);
        page.Line($"Only Redis, RabbitMQ and two PostgreSQL run with it.");
        page.Line($"From the start of the process to the first 200 of `/health/ready`, which needs Redis and an answer of every check.");
        page.Line(
            $"{session.Options.Rounds} rounds, in turns, after a first start of each that does not count. Before a round others used ",
            $"{busy.Median:P0} of the machine ({busy.Minimum:P0} to {busy.Maximum:P0}).");
        page.Bars([Mark(published)]);
        page.Table(
            ["storefront", "median (minimum to maximum)"],
            (string[][])
            [
                ["as published: one image with the framework, compiled ahead", Seconds(published)],
                ["the same with its warm-up ([decision 46](decisions/0046-warm-before-ready.md))", Seconds(warm)],
                ["as built, without a warm-up: compiled while it starts", Seconds(built)],
                ["published ÷ built", Spread.Ratio(published, built).Median.ToString("0.00", CultureInfo.InvariantCulture)],
            ]);
        return page;
    }

    private static string Seconds(List<double> times) => Spread.Of(times) is var spread
        ? string.Create(CultureInfo.InvariantCulture, $"{spread.Median:0.000} s ({spread.Minimum:0.000} to {spread.Maximum:0.000})") : "";
}
