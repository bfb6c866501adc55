using System.Globalization;
using Seckill.LoadTests.Engine;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Cold;

/// <summary>What a rush costs a process that has just become ready.</summary>
/// <param name="Options">The command line.</param>
/// <param name="RestSeconds">Before the later rush.</param>
/// <param name="Warmed">Processes with the warm-up.</param>
/// <param name="Unprepared">Processes without it.</param>
public sealed record ColdReport(BenchOptions Options, double RestSeconds, List<ColdProcess> Warmed, List<ColdProcess> Unprepared)
{
    private const double MinimumAccepted = 0.8;
    private const double MaximumLatency = 2;

    private IReadOnlyList<Bar> Bars =>
    [
        Mark("accepted in the first second after ready ÷ a warm second", "≥ 0.8", Accepted(Warmed), ratio => ratio >= MinimumAccepted),
        Mark("p99 of the first second after ready ÷ of a warm second", "≤ 2", Latency(Warmed), ratio => ratio <= MaximumLatency),
    ];

    /// <summary>Writes <c>cold.md</c> and shows the bars.</summary>
    public Task WriteAsync(IAnsiConsole console, BenchOrigin origin) =>
        Page(origin).WriteAsync(console, Options.Output, "cold.md", [.. Bars]);

    private BenchPage Page(BenchOrigin origin)
    {
        var page = new BenchPage("The first seconds of a rush at a process that has just started", origin);
        page.Line(
            $"{Options.Connections} buyers, each with a connection that is opened now and a new click after each answer, ",
            $"for {Rush.Seconds} s:");
        page.Line($"at the moment at which the published storefront is ready, and again at the same process after {Options.Seconds} s");
        page.Line($"of such load and {RestSeconds} s of rest. {Options.Rounds} rounds, with the warm-up and without it in turns, each a");
        page.Line($"new process. A worker persists the orders meanwhile.");
        page.Bars(Bars);
        page.Table(
            ["medians (minimum to maximum)", "with the warm-up", "without"],
            (string[][])
            [
                Row("from start to ready, s", one => one.Ready.TotalSeconds, "0.00"),
                Row("accepted in the first second", one => one.First.AcceptedInFirstSecond, "N0"),
                Row("accepted in a warm second", one => one.Later.AcceptedInFirstSecond, "N0"),
                ["ratio", Accepted(Warmed).Text("0.00"), Accepted(Unprepared).Text("0.00")],
                Row("p99 of the first second, ms", one => one.First.P99OfFirstSecond, "N0"),
                Row("p99 of a warm second, ms", one => one.Later.P99OfFirstSecond, "N0"),
                ["ratio", Latency(Warmed).Text("0.00"), Latency(Unprepared).Text("0.00")],
                Row("processor time for an order of the first second, µs", one => one.First.MicrosecondsForAnOrder, "N0"),
                Row("processor time for an order of a warm second, µs", one => one.Later.MicrosecondsForAnOrder, "N0"),
            ]);
        page.Line($"");
        page.Line($"Each tenth of a second, medians of the rounds: orders accepted, by the time of the answer; p50 and p99 of the clicks");
        page.Line($"of that moment, ms.");
        page.Table(
            ["from, s", "with the warm-up", "p50", "p99", "without", "p50", "p99", "warm", "p50", "p99"],
            Enumerable.Range(0, Rush.Seconds * Rush.SlicesInASecond).Select(slice => (string[])
            [
                ((double)slice / Rush.SlicesInASecond).ToString("0.0", CultureInfo.InvariantCulture),
                .. Slice(Warmed.Select(one => one.First), slice), .. Slice(Unprepared.Select(one => one.First), slice),
                .. Slice(Warmed.Select(one => one.Later), slice),
            ]));
        return page;
    }

    private string[] Row(string name, Func<ColdProcess, double> value, string format) =>
        [name, Spread.Of(Warmed.Select(value)).Text(format), Spread.Of(Unprepared.Select(value)).Text(format)];

    private static string[] Slice(IEnumerable<Rush> rushes, int slice)
    {
        var all = rushes.ToArray();
        return
        [
            Median(all.Select(rush => (double)rush.Accepted[slice])),
            Median(all.Select(rush => Milliseconds(rush.Latency[slice], 50))),
            Median(all.Select(rush => Milliseconds(rush.Latency[slice], 99))),
        ];
    }

    private static string Median(IEnumerable<double> values) => Spread.Of(values).Median.ToString("N0", CultureInfo.InvariantCulture);

    private static double Milliseconds(Histogram latency, double percent) => latency.Percentile(percent) / 1000.0;

    private static Spread Accepted(List<ColdProcess> processes) => Spread.Ratio(
        [.. processes.Select(one => (double)one.First.AcceptedInFirstSecond)],
        [.. processes.Select(one => (double)one.Later.AcceptedInFirstSecond)]);

    private static Spread Latency(List<ColdProcess> processes) => Spread.Ratio(
        [.. processes.Select(one => one.First.P99OfFirstSecond)], [.. processes.Select(one => one.Later.P99OfFirstSecond)]);

    private static Bar Mark(string name, string needed, Spread ratio, Func<double, bool> isMet) =>
        new(name, needed, ratio.Text("0.00"), isMet(ratio.Median));

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
