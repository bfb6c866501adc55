using System.Globalization;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Overload;

/// <summary>What the crowds met.</summary>
/// <param name="Origin">Where the figures are from.</param>
/// <param name="Options">The command line.</param>
/// <param name="Connections">Of the crowd.</param>
/// <param name="Results">One for each round.</param>
public sealed record OverloadReport(BenchOrigin Origin, BenchOptions Options, int Connections, List<OverloadResult> Results)
{
    private const double LongestAnswer = 200;
    private const double MinimumGoodput = 0.9;
    private const double LongestRecovery = 5;

    private Spread Goodput => Spread.Ratio([.. Results.Select(one => one.Accepted)], [.. Results.Select(one => one.Closed.PerSecond)]);

    private IReadOnlyList<Bar> Bars =>
    [
        Mark("p99 of the accepted, ms", "≤ 200", Of(one => one.AcceptedP99), "N0", Of(one => one.AcceptedP99).Median <= LongestAnswer),
        Mark("accepted ÷ closed loop", "≥ 0.9", Goodput, "0.00", Goodput.Median >= MinimumGoodput),
        Mark("requests of those with an order that were shed", "0", Of(one => one.Shed), "N0", Results.TrueForAll(one => one.Shed == 0)),
        Mark(
            "from the end of the crowd to the last refusal, s", "≤ 5", Of(one => one.Recovery.TotalSeconds), "0.0",
            Of(one => one.Recovery.TotalSeconds).Maximum <= LongestRecovery),
    ];

    /// <summary>Writes <c>overload.md</c> and shows the bars.</summary>
    public Task WriteAsync(IAnsiConsole console)
    {
        var page = new BenchPage("More clicks than can be served", Origin);
        page.Line($"");
        page.Line($"A closed loop of {Options.Connections} buyers for {Options.Seconds} s; then, for as long, an open loop at");
        page.Line($"{Options.Times} times what it reached, over {Connections} connections. Durations count from the moment at which");
        page.Line($"a click was due, so that a click that found no connection has waited. Beside the crowd, buyers who have an order");
        page.Line($"repeat their click by its key, look at the order and pay for it; after it, new clicks are sent until none was refused");
        page.Line($"for two seconds. {Options.Rounds} rounds.");
        page.Line($"Crowd, storefront and stores share the cores: each refusal takes from what could be accepted.");
        page.Bars(Bars);
        page.Table(
            ["medians (minimum to maximum)", ""],
            (string[][])
            [
                Row("closed loop: accepted a second", one => one.Closed.PerSecond, "N0"),
                Row("closed loop: p99, ms", one => one.Closed.P99, "N0"),
                Row("closed loop: refused for the load", one => one.Closed.Refused, "N0"),
                Row("open loop: due a second", one => one.Offered, "N0"),
                Row("accepted a second", one => one.Accepted, "N0"),
                Row("accepted: p50, ms", one => one.AcceptedP50, "N0"),
                Row("accepted: p99, ms", one => one.AcceptedP99, "N0"),
                Row("refused for the load a second", one => one.Refused, "N0"),
                Row("otherwise not served a second", one => one.Failed, "N0"),
                Row("clicks that found no connection", one => one.Waited, "N0"),
                Row("the generator's own lateness, p99, ms", one => one.Late, "N0"),
                Row("requests of those with an order", one => one.Asked, "N0"),
                Row("… p99, ms", one => one.OwnersP99, "N0"),
            ]);
        return page.WriteAsync(console, Options.Output, "overload.md", [.. Bars]);
    }

    private Spread Of(Func<OverloadResult, double> value) => Spread.Of(Results.Select(value));

    private string[] Row(string name, Func<OverloadResult, double> value, string format) => [name, Text(Of(value), format)];

    private static Bar Mark(string name, string needed, Spread value, string format, bool isMet) =>
        new(name, needed, Text(value, format), isMet);

    private static string Text(Spread spread, string format) =>
        $"{Number(spread.Median, format)} ({Number(spread.Minimum, format)} to {Number(spread.Maximum, format)})";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
