using System.Globalization;
using System.Text;
using Seckill.LoadTests.Client;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Startup;

/// <summary>
/// How soon a storefront takes orders: as it is published, and for comparison as it is built, in turns. Nothing but the servers runs beside
/// it: on a machine of its own it would have even these elsewhere.
/// </summary>
/// <param name="target">The servers; none of the services runs.</param>
/// <param name="options">Rounds, and where the report goes.</param>
/// <param name="console">For people.</param>
public sealed class StartupBench(LoadTarget target, BenchOptions options, IAnsiConsole console)
{
    private const double LongestSeconds = 0.4;
    private static readonly TimeSpan s_schema = TimeSpan.FromSeconds(5);
    private readonly string[] _published = [BenchVariables.Required("BENCH_START_PROGRAM")];
    private readonly string[] _built = ["dotnet", BenchVariables.Required("BENCH_START_BUILT")];

    /// <summary>Runs, prints and writes <c>startup.md</c>.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        var start = new StartTime(BenchVariables.Address("BENCH_START"), http);
        // The first of each reads its files from the disk, has this process compiled, and creates the schema, which it is ready without.
        await start.MeasureAsync(_built, s_schema, cancellationToken);
        await start.MeasureAsync(_published, s_schema, cancellationToken);
        List<double> published = [], built = [], busy = [];
        for (var round = 1; round <= options.Rounds; round++)
        {
            busy.Add(await Machine.BusyShareAsync(TimeSpan.FromSeconds(1), cancellationToken));
            published.Add(await start.MeasureAsync(_published, TimeSpan.Zero, cancellationToken));
            built.Add(await start.MeasureAsync(_built, TimeSpan.Zero, cancellationToken));
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"round {round} of {options.Rounds}  published {published[^1]:0.000} s  built {built[^1]:0.000} s  others {busy[^1]:P0}"));
        }

        await using var stores = await BenchStores.ConnectAsync(target.Redis, target.Orders);
        var machine = await Machine.ReadAsync(stores, Environment.GetEnvironmentVariable("ConnectionStrings__RabbitMq"));
        var file = Path.Combine(options.Output, "startup.md");
        Directory.CreateDirectory(options.Output);
        await File.WriteAllTextAsync(file, Page(published, built, Spread.Of(busy), machine), cancellationToken);
        console.WriteLine($"published: {Seconds(Spread.Of(published))}, needed < {Text(LongestSeconds)} s");
        console.WriteLine($"built: {Seconds(Spread.Of(built))}");
        console.WriteLine($"written: {file}");
        return ExitCode.Right;
    }

    private string Page(List<double> published, List<double> built, Spread busy, Machine machine)
    {
        var page = new StringBuilder();
        void Line(string text) => page.Append(text).Append('\n');
        var (median, ratio) = (Spread.Of(published).Median, Spread.Ratio(published, built));
        Line("# How soon a storefront takes orders");
        Line("");
        Line(string.Create(
            CultureInfo.InvariantCulture,
            $"Written by `{BenchVariables.Read("BENCH_COMMAND", "./seckill bench startup")}` on "
            + $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC at commit {BenchVariables.Read("BENCH_COMMIT", "unknown")}; "
            + $"nothing here is typed by hand."));
        Line($"{machine.Cpu}, {machine.Cores} cores, .NET {machine.DotNet}; with it run only Redis, RabbitMQ and two PostgreSQL.");
        Line("From the start of the process to the first 200 of `/health/ready`, which needs Redis, and an answer of every store's check.");
        Line($"{options.Rounds} rounds, in turns, after a first start of each that does not count. Before a round others used "
            + $"{Percent(busy.Median)} of the machine ({Percent(busy.Least)} to {Percent(busy.Most)}).");
        Line("");
        Line("| bar | needed | measured | met |");
        Line("| --- | --- | --- | --- |");
        Line($"| process start to ready, as published | < {Text(LongestSeconds)} s | {Seconds(Spread.Of(published))} "
            + $"| {(median < LongestSeconds ? "yes" : "**no**")} |");
        Line("");
        Line("| storefront | median (least to most) |");
        Line("| --- | --- |");
        Line($"| as published: one image with the framework, compiled ahead | {Seconds(Spread.Of(published))} |");
        Line($"| as built: compiled while it starts | {Seconds(Spread.Of(built))} |");
        Line($"| published ÷ built | {ratio.Median.ToString("0.00", CultureInfo.InvariantCulture)} |");
        return page.ToString();
    }

    private static string Seconds(Spread spread) =>
        string.Create(CultureInfo.InvariantCulture, $"{spread.Median:0.000} s ({spread.Least:0.000} to {spread.Most:0.000})");

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Percent(double share) => share.ToString("P0", CultureInfo.InvariantCulture);
}
