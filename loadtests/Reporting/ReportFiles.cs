using System.Globalization;
using System.Text.Json;
using System.Text;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.Load.Soak;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Reporting;

/// <summary>
/// A report on disk: <c>report.html</c>, <c>report.md</c>, <c>report.json</c> and <c>seconds.csv</c>. A run that watches what the system
/// uses has <c>resources.csv</c> too, and a page beside the directory.
/// </summary>
public static class ReportFiles
{
    /// <summary>Writes all of them.</summary>
    /// <param name="report">What.</param>
    /// <param name="directory">Created when missing.</param>
    public static async Task WriteAsync(RunReport report, string directory)
    {
        Directory.CreateDirectory(directory);
        Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(directory, name), text);
        await WriteAsync("report.json", JsonSerializer.Serialize(report, ReportJson.Default.RunReport) + "\n");
        await WriteAsync("report.html", HtmlReport.Write(report));
        await WriteAsync("report.md", Markdown(report));
        await WriteAsync("seconds.csv", Csv(report));
        if (report.Resources is { } resources)
        {
            await WriteAsync("resources.csv", SoakReport.Csv(resources));
            await WriteAsync(Path.Combine("..", report.Scenario + ".md"), SoakReport.Page(report));
        }
    }

    /// <summary>One line for each second, all outcomes that occurred as columns.</summary>
    public static string Csv(RunReport report)
    {
        var outcomes = Outcome.All.Select(outcome => outcome.Name).Where(name => report.Count(name) > 0).ToArray();
        var text = new StringBuilder("second,arrivals,requests");
        text.Append(string.Concat(outcomes.Select(name => "," + name.Replace('-', '_'))))
            .Append(",p50_ms,p95_ms,p99_ms,p999_ms,in_flight,stock_left,backlog,generator_late_p99_ms,generator_cores,machine_busy\n");
        foreach (var second in report.Series)
        {
            text.Append(CultureInfo.InvariantCulture, $"{second.Second:0.000},{second.Arrivals},{second.Requests}")
                .Append(string.Concat(outcomes.Select(name => Text($",{second.Count(name)}"))))
                .Append(CultureInfo.InvariantCulture, $",{second.P50Milliseconds},{second.P95Milliseconds},{second.P99Milliseconds}")
                .Append(CultureInfo.InvariantCulture, $",{second.P999Milliseconds},{second.Visitors},{second.StockLeft},{second.Backlog}")
                .Append(CultureInfo.InvariantCulture, $",{second.LatenessMilliseconds},{second.GeneratorCpu:0.000}")
                .Append(CultureInfo.InvariantCulture, $",{second.MachineBusy:0.000}\n");
        }

        return text.ToString();
    }

    /// <summary>The same as the page, for a terminal or a review.</summary>
    public static string Markdown(RunReport report)
    {
        var page = new MarkdownPage();
        page.Line($"# {report.Scenario}: {(report.IsPassed ? "passed" : "NOT PASSED")}");
        page.Line($"");
        page.Line($"{char.ToUpperInvariant(report.Summary[0])}{report.Summary[1..]}. {report.Loop};");
        var rate = report.Requests / Math.Max(0.001, report.Seconds);
        page.Line($"{report.Seconds:0.0} s, {report.Visitors:N0} visitors, {report.Requests:N0} requests, {rate:N0}/s.");
        page.Line($"`{report.Command}` on {report.Date:yyyy-MM-dd HH:mm} UTC at commit {report.Commit}.");
        page.Line($"Generator: {report.Machine.Cpu}, {report.Machine.Cores} cores, {report.Machine.Kernel}, .NET {report.Machine.DotNet}.");
        page.Table("Pass marks", ["mark", "needed", "measured", "met"], report.Thresholds.Select(mark => new[]
        {
            mark.Name, mark.Needed, mark.Measured, mark.IsMet ? "yes" : "**no**",
        }));
        if (report.Warnings.Count > 0)
        {
            page.Line($"");
            page.Line($"## Inconclusive");
            page.Line($"");
            foreach (var warning in report.Warnings)
            {
                page.Line($"- {warning}");
            }
        }

        page.Table("Outcomes", ["request", "outcome", "count", "share"], report.Outcomes.Select(entry => new[]
        {
            entry.Step, entry.Outcome, Text($"{entry.Count:N0}"), Text($"{(double)entry.Count / report.Requests:P2}"),
        }));
        page.Table("Latency, ms", ["of", "count", "mean", "p50", "p95", "p99", "p99.9", "longest"], report.Latencies.Select(row =>
            (string[])[row.Name, Text($"{row.Count:N0}"),
                .. new[] { row.Mean, row.P50, row.P95, row.P99, row.P999, row.Longest }.Select(time => Text($"{time:N1}"))]));
        foreach (var section in report.Audit)
        {
            page.Table(section.Title, ["", "", ""], section.Rows.Select(row => new[] { row.Name.Trim(), row.Value, row.Meaning }));
        }

        foreach (var finding in report.Findings)
        {
            page.Line($"- {finding}");
        }

        return page.ToString();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
