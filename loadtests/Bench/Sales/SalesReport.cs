using System.Globalization;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Sales;

/// <summary>An idle system.</summary>
/// <param name="CommandsPerSecond">Of Redis.</param>
/// <param name="Bytes">Of the data in Redis.</param>
/// <param name="Keys">In Redis.</param>
/// <param name="Audits">Times of the audit of a new sale, milliseconds.</param>
public sealed record IdleState(double CommandsPerSecond, double Bytes, double Keys, IReadOnlyList<double> Audits);

/// <summary>The same figures before and after.</summary>
/// <param name="Origin">Where the figures are from.</param>
/// <param name="Sales">How many.</param>
/// <param name="Orders">Of each.</param>
/// <param name="Took">From the first to the last archive.</param>
/// <param name="Late">Of scheduled openings, milliseconds.</param>
/// <param name="Before">Before the first sale.</param>
/// <param name="After">After the last archive.</param>
public sealed record SalesReport(
    BenchOrigin Origin, int Sales, int Orders, TimeSpan Took, IReadOnlyList<double> Late, IdleState Before, IdleState After)
{
    private const double MaximumLate = 50;
    private const double MaximumGrowth = 1.1;
    private const int Kilobyte = 1024;

    private IReadOnlyList<Bar> Bars =>
    [
        new("keys in Redis, after less before", "0", Number(After.Keys - Before.Keys, "0"), After.Keys == Before.Keys),
        new("data in Redis, after ÷ before", "≤ 1.1", Number(After.Bytes / Before.Bytes, "0.00"),
            After.Bytes <= MaximumGrowth * Before.Bytes),
        new("idle commands of Redis, after ÷ before", "≤ 1.1", Number(After.CommandsPerSecond / Before.CommandsPerSecond, "0.00"),
            After.CommandsPerSecond <= MaximumGrowth * Before.CommandsPerSecond),
        new("audit of a new sale, after ÷ before", "≤ 1.1",
            Number(Spread.Of(After.Audits).Median / Spread.Of(Before.Audits).Median, "0.00"),
            Spread.Of(After.Audits).Median <= MaximumGrowth * Spread.Of(Before.Audits).Median),
        new("scheduled opening, latest, ms", "≤ 50", Number(Late.Max(), "0"), Late.Max() <= MaximumLate),
    ];

    /// <summary>Writes <c>sales.md</c> and shows the bars.</summary>
    public Task WriteAsync(IAnsiConsole console, string directory)
    {
        var page = new BenchPage("Many sales, one after the other", Origin);
        page.Line($"");
        page.Line($"{Sales:N0} sales of {Orders} orders each were created, opened, sold, closed and archived in");
        page.Line($"{Took.TotalMinutes:0.0} min; half of the orders were paid, half cancelled. Twenty sales before them are the warm-up.");
        page.Bars(Bars);
        page.Table(
            ["", "before", "after"],
            (string[][])
            [
                Row("commands of Redis a second, idle", state => Number(state.CommandsPerSecond, "0.0")),
                Row("data in Redis, KB", state => Number(state.Bytes / Kilobyte, "N0")),
                Row("keys in Redis", state => Number(state.Keys, "N0")),
                Row("audit of a new sale, ms", state => Spread.Of(state.Audits).Text("0")),
            ]);
        page.Line($"");
        page.Line($"Openings are timed by the first order that Redis took, and by its clock: a client clicks without a pause.");
        page.Line($"Late by {Spread.Of(Late).Text("0")} ms.");
        return page.WriteAsync(console, directory, "sales.md", [.. Bars]);
    }

    private string[] Row(string name, Func<IdleState, string> value) => [name, value(Before), value(After)];

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
