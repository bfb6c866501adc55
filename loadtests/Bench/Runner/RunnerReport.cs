using System.Globalization;
using Seckill.LoadTests.Engine;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Runner;

/// <summary>The highest rate of a generator in one round.</summary>
public sealed record RateRun(string Generator, double PerSecond);

/// <summary>The latencies that a generator saw in one round, of a server whose answers take the same time for every request.</summary>
public sealed record TimedRun(string Generator, Histogram Latency);

/// <summary>The comparison of the generators.</summary>
/// <param name="Origin">Where the figures are from.</param>
/// <param name="Connections">At the highest rate.</param>
/// <param name="TimedConnections">Where percentiles are compared.</param>
/// <param name="Seconds">Length of each run.</param>
/// <param name="Rates">Highest rates.</param>
/// <param name="Timed">Latencies.</param>
public sealed record RunnerReport(
    BenchOrigin Origin, int Connections, int TimedConnections, int Seconds, List<RateRun> Rates, List<TimedRun> Timed)
{
    /// <summary>The generator that the others are compared with.</summary>
    public const string Reference = "h2load, closed loop";

    private const double MinimumRate = 0.5;
    private const double MaximumDifference = 0.10;
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
                new Bar("Seckill's runner ÷ wrk, requests/s against `empty`", "≥ 0.5",
                    Text($"{ratio.Median:0.00} ({ratio.Minimum:0.00} to {ratio.Maximum:0.00})"), ratio.Median >= MinimumRate),
                .. from generator in Timed.Select(run => run.Generator).Distinct().Where(name => name != Reference)
                   from percent in s_percents
                   let expected = Percentile(Reference, percent)
                   let actual = Percentile(generator, percent)
                   let difference = (actual - expected) / (double)expected
                   select new Bar(
                       Text($"p{percent} of {generator}, against h2load"), "± 10 %",
                       Text($"{actual / 1000.0:0.00} ms, {expected / 1000.0:0.00} ms: {difference:+0.0 %;-0.0 %;0 %}"),
                       Math.Abs(difference) <= MaximumDifference),
            ];
        }
    }

    /// <summary>Writes <c>runner.md</c> and shows the bars.</summary>
    /// <param name="console">Shows the bars.</param>
    /// <param name="directory">Created when missing.</param>
    public Task WriteAsync(IAnsiConsole console, string directory) => Page().WriteAsync(console, directory, "runner.md", [.. Bars]);

    private BenchPage Page()
    {
        var page = new BenchPage("The load runner against wrk and h2load", Origin);
        page.Bars(Bars);
        page.Line($"");
        page.Line($"Highest rate, {Connections} connections in a closed loop, median of the rounds of {Seconds} s:");
        page.Table(["generator", "requests/s"], Rates.GroupBy(run => run.Generator).Select(runs =>
        {
            var rate = Spread.Of(runs.Select(run => run.PerSecond));
            return (string[])[runs.Key, Text($"{rate.Median:N0} ({rate.Minimum:N0} to {rate.Maximum:N0})")];
        }));
        page.Line($"");
        page.Line($"The last one is the bare HTTP client that the runner uses: the difference is the cost of reading, timing and");
        page.Line($"counting each answer.");
        page.Line($"");
        page.Line($"Percentiles are from a server that answers after 5 to 80 ms, sampled for each request (`WaitingShop.cs`): a faster");
        page.Line($"one answers each generator in its own way, because they send in different bursts. The closed loops have");
        page.Line($"{TimedConnections} concurrent requests; the open loop has as many arrivals a second as h2load achieved. All rounds:");
        page.Table(["generator", "requests", "p50 ms", "p90 ms", "p99 ms"], Timed.GroupBy(run => run.Generator).Select(runs =>
        {
            var latency = Histogram.Sum(runs.Select(run => run.Latency));
            var times = s_percents.Select(percent => Text($"{latency.Percentile(percent) / 1000.0:0.00}"));
            return (string[])[runs.Key, Text($"{latency.Count:N0}"), .. times];
        }));
        return page;
    }

    private long Percentile(string generator, double percent) => Histogram
        .Sum(Timed.Where(run => run.Generator == generator).Select(run => run.Latency)).Percentile(percent);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
