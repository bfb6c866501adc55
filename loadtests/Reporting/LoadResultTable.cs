using System.Globalization;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Reporting;

/// <summary>The end of a run on the terminal.</summary>
public static class LoadResultTable
{
    /// <summary>Prints the answers, the audit, and the pass marks.</summary>
    public static void Print(IAnsiConsole console, RunReport report)
    {
        string Time(double milliseconds) => milliseconds.ToString("N1", CultureInfo.InvariantCulture) + " ms";
        ResultTable.Print(console,
        [
            new ResultSection("What the buyers saw",
            [
                new("Visitors", Amount.Text(report.Visitors), $"in {Amount.Text(TimeSpan.FromSeconds(report.Seconds))}"),
                new("Requests", Amount.Text(report.Requests), $"{Amount.Text(report.Requests / Math.Max(0.001, report.Seconds))}/s"),
                .. report.Outcomes.Select(entry => new ResultRow($"  {entry.Outcome}", Amount.Text(entry.Count), entry.Step)),
                new("p50", Time(report.All.P50), "from the scheduled moment"),
                new("p95", Time(report.All.P95), ""),
                new("p99", Time(report.All.P99), ""),
                new("p99.9", Time(report.All.P999), ""),
            ]),
            .. report.Audit,
            new ResultSection("Pass marks", [.. report.Thresholds.Select(mark => new ResultRow(
                char.ToUpperInvariant(mark.Name[0]) + mark.Name[1..], mark.Measured, mark.Needed,
                mark.IsMet ? RowVerdict.Right : RowVerdict.Wrong))]),
        ]);
        foreach (var sentence in report.Warnings.Select(warning => "INCONCLUSIVE: " + warning).Concat(report.Findings))
        {
            // Not through the console, which wraps: a line of a log stays one line.
            console.Profile.Out.Writer.WriteLine(sentence);
        }

        console.MarkupLine(report.IsPassed ? "[green]PASSED[/]" : "[red]NOT PASSED[/]: see the marks above.");
    }
}
