using System.Globalization;
using System.Text;
using Seckill.LoadTests.Engine;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Runner;

/// <summary>The highest rate of a generator in one round.</summary>
public sealed record RateRun(string Generator, double PerSecond);

/// <summary>The latencies that a generator saw in one round, of a server whose answers take the same time for everybody.</summary>
public sealed record TimedRun(string Generator, Histogram Latency);

/// <summary>What the comparison of the generators has to say.</summary>
/// <param name="Date">Start, UTC.</param>
/// <param name="Command">What was typed.</param>
/// <param name="Commit">Of the checkout.</param>
/// <param name="Machine">Where.</param>
/// <param name="Connections">At the highest rate.</param>
/// <param name="TimedConnections">Where percentiles are compared.</param>
/// <param name="Seconds">Length of each run.</param>
/// <param name="Rates">Highest rates.</param>
/// <param name="Timed">Latencies.</param>
public sealed record RunnerReport(
    DateTimeOffset Date, string Command, string Commit, Machine Machine, int Connections, int TimedConnections, int Seconds,
    List<RateRun> Rates, List<TimedRun> Timed)
{
    /// <summary>The generator that is believed.</summary>
    public const string Reference = "h2load, closed loop";

    private const double LeastRate = 0.5;
    private const double MostDifference = 0.10;
    private static readonly double[] s_percents = [50, 90, 99];

    /// <summary>The marks: rates by the median of the rounds, percentiles of all rounds together.</summary>
    public IReadOnlyList<Bar> Bars
    {
        get
        {
            var names = Rates.Select(run => run.Generator).Distinct().ToArray();
            List<double> Of(string name) => [.. Rates.Where(run => run.Generator == name).Select(run => run.PerSecond)];
            var ratio = Spread.Ratio(Of(names[1]), Of(names[0]));
            return
            [
                new Bar("our runner ÷ wrk, requests/s against `empty`", "≥ 0.5",
                    Text($"{ratio.Median:0.00} ({ratio.Least:0.00} to {ratio.Most:0.00})"), ratio.Median >= LeastRate),
                .. from generator in Timed.Select(run => run.Generator).Distinct().Where(name => name != Reference)
                   from percent in s_percents
                   let theirs = Percentile(Reference, percent)
                   let ours = Percentile(generator, percent)
                   let difference = (ours - theirs) / (double)theirs
                   select new Bar(
                       Text($"p{percent} of {generator}, against h2load"), "± 10 %",
                       Text($"{ours / 1000.0:0.00} ms, {theirs / 1000.0:0.00} ms: {difference:+0.0 %;-0.0 %;0 %}"),
                       Math.Abs(difference) <= MostDifference),
            ];
        }
    }

    /// <summary>Writes <c>runner.md</c>.</summary>
    /// <param name="directory">Created when missing.</param>
    public async Task WriteAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(Path.Combine(directory, "runner.md"), Markdown());
    }

    /// <summary>The bars, for people.</summary>
    public void Print(IAnsiConsole console, string directory)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("bar", "needed", "measured", "met");
        foreach (var bar in Bars)
        {
            table.AddRow(Markup.Escape(bar.Name), bar.Needed, Markup.Escape(bar.Value), bar.IsMet ? "[green]yes[/]" : "[red]no[/]");
        }

        console.Write(table);
        console.WriteLine($"written: {Path.Combine(directory, "runner.md")}");
    }

    private string Markdown()
    {
        var page = new StringBuilder();
        void Line(FormattableString text) => page.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
        Line($"# The load runner against wrk and h2load");
        Line($"");
        Line($"Written by `{Command}` on {Date:yyyy-MM-dd HH:mm} UTC at commit {Commit}; nothing here is typed by hand.");
        Line($"{Machine.Cpu}, {Machine.Cores} cores, {Machine.Kernel}, .NET {Machine.DotNet}; the generators share them with the system.");
        Line($"");
        Line($"| bar | needed | measured | met |");
        Line($"| --- | --- | --- | --- |");
        foreach (var bar in Bars)
        {
            Line($"| {bar.Name} | {bar.Needed} | {bar.Value} | {(bar.IsMet ? "yes" : "**no**")} |");
        }

        Line($"");
        Line($"Highest rate, {Connections} connections in a closed loop, median of the rounds of {Seconds} s:");
        Line($"");
        Line($"| generator | requests/s |");
        Line($"| --- | --- |");
        foreach (var runs in Rates.GroupBy(run => run.Generator))
        {
            var rate = Spread.Of(runs.Select(run => run.PerSecond));
            Line($"| {runs.Key} | {rate.Median:N0} ({rate.Least:N0} to {rate.Most:N0}) |");
        }

        Line($"");
        Line($"The last one is the bare HTTP client that the runner stands on: the difference is what reading each answer, timing and");
        Line($"counting cost.");
        Line($"");
        Line($"Percentiles are those of a server that answers after 5 to 80 ms, drawn for each request (`WaitingShop.cs`): one that");
        Line($"is faster answers each generator in its own way, because they send in different bursts. {TimedConnections} requests are");
        Line($"under way in the closed loops; the open loop has as many arrivals a second as h2load came to. All rounds together:");
        Line($"");
        Line($"| generator | requests | p50 ms | p90 ms | p99 ms |");
        Line($"| --- | --- | --- | --- | --- |");
        foreach (var runs in Timed.GroupBy(run => run.Generator))
        {
            var latency = Histogram.Sum(runs.Select(run => run.Latency));
            var (p50, p90, p99) = (latency.Percentile(50) / 1000.0, latency.Percentile(90) / 1000.0, latency.Percentile(99) / 1000.0);
            Line($"| {runs.Key} | {latency.Count:N0} | {p50:0.00} | {p90:0.00} | {p99:0.00} |");
        }

        return page.ToString();
    }

    private long Percentile(string generator, double percent) => Histogram
        .Sum(Timed.Where(run => run.Generator == generator).Select(run => run.Latency)).Percentile(percent);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
