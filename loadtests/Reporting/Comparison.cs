using System.Globalization;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Spectre.Console;

namespace Seckill.LoadTests.Reporting;

/// <summary>One figure of two runs.</summary>
/// <param name="Name">What.</param>
/// <param name="Before">Of the first.</param>
/// <param name="After">Of the second.</param>
public sealed record ComparedFigure(string Name, double Before, double After)
{
    /// <summary>In percent of the first; null when that is nothing.</summary>
    public double? ChangePercent => Before == 0 ? null : (After - Before) / Before * 100;
}

/// <summary>Two runs side by side.</summary>
/// <param name="Title">Which.</param>
/// <param name="Figures">Rates, outcomes, latencies.</param>
/// <param name="Differences">Settings that are not the same, without which a comparison says nothing.</param>
public sealed record Comparison(string Title, IReadOnlyList<ComparedFigure> Figures, IReadOnlyList<string> Differences)
{
    /// <summary>Compares.</summary>
    public static Comparison Of(RunReport before, RunReport after)
    {
        var (left, right) = (before.All, after.All);
        return new Comparison(
            $"{before.Scenario} of {before.Date:yyyy-MM-dd HH:mm} and {after.Scenario} of {after.Date:yyyy-MM-dd HH:mm}",
            [
                new("requests/s", before.Requests / Math.Max(0.001, before.Seconds), after.Requests / Math.Max(0.001, after.Seconds)),
                .. Outcome.All.Select(outcome => new ComparedFigure(outcome.Name, before.Count(outcome.Name), after.Count(outcome.Name)))
                    .Where(figure => figure.Before + figure.After > 0),
                new("mean, ms", left.Mean, right.Mean),
                new("p50, ms", left.P50, right.P50),
                new("p95, ms", left.P95, right.P95),
                new("p99, ms", left.P99, right.P99),
                new("p99.9, ms", left.P999, right.P999),
            ],
            [
                .. Different("scenario", before.Scenario, after.Scenario),
                // Those that can be set; the others follow from them.
                .. typeof(LoadSettings).GetProperties().Where(setting => setting.CanWrite).SelectMany(setting =>
                    Different($"setting {setting.Name}", setting.GetValue(before.Settings), setting.GetValue(after.Settings))),
                .. Different("machine", before.Machine, after.Machine),
                .. Different("pass marks", Verdict(before), Verdict(after)),
            ]);
    }

    /// <summary>As a table.</summary>
    public void Print(IAnsiConsole console)
    {
        string Number(double value) => value.ToString(Math.Abs(value) >= 100 ? "N0" : "0.##", CultureInfo.InvariantCulture);
        var table = new Table().Border(TableBorder.Rounded).AddColumn("")
            .AddColumn(new TableColumn("before").RightAligned()).AddColumn(new TableColumn("after").RightAligned())
            .AddColumn(new TableColumn("change").RightAligned());
        foreach (var figure in Figures)
        {
            var change = figure.ChangePercent is { } percent
                ? percent.ToString("+0.0' %';-0.0' %';0' %'", CultureInfo.InvariantCulture) : "–";
            table.AddRow(figure.Name, Number(figure.Before), Number(figure.After), change);
        }

        console.WriteLine(Title);
        console.Write(table);
        foreach (var difference in Differences)
        {
            console.Profile.Out.Writer.WriteLine("not the same: " + difference);
        }
    }

    private static IEnumerable<string> Different<T>(string name, T before, T after) =>
        EqualityComparer<T>.Default.Equals(before, after)
            ? [] : [string.Create(CultureInfo.InvariantCulture, $"{name}: {before} and {after}")];

    private static string Verdict(RunReport report) => report.IsPassed ? "all met"
        : "not met: " + string.Join(", ", report.Thresholds.Where(mark => !mark.IsMet).Select(mark => mark.Name));
}
