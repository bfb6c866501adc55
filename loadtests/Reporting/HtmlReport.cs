using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Reporting;

/// <summary>The report as one page that needs nothing else: no network, no script.</summary>
public static class HtmlReport
{
    private const int MaximumPlaces = 120;
    private const int Wide = 950;
    private const int Half = 450;

    /// <summary>The page.</summary>
    public static string Write(RunReport report)
    {
        var page = new StringBuilder();
        void Add(FormattableString text) => page.Append(text.ToString(CultureInfo.InvariantCulture));
        Add($"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        Add($"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        Add($"<title>{Html(report.Scenario)}, {report.Date:yyyy-MM-dd HH:mm}: Seckill load</title>\n");
        Add($"<style>\n{Style()}</style>\n</head>\n<body>\n<main>\n");
        Add($"<header><div class=\"top\"><h1>{Html(report.Scenario)}</h1>");
        Add($"<span class=\"verdict {(report.IsPassed ? "yes\">Passed" : "no\">Not passed")}</span></div>");
        Add($"<p>{Html(Sentence(report.Summary))}</p>");
        Add($"<p class=\"quiet small\">{Html(report.Loop)} · {report.Date:yyyy-MM-dd HH:mm:ss} UTC · {report.Seconds:0.0} s · ");
        Add($"{Html(string.Join(", ", report.Target))}</p></header>\n");
        foreach (var warning in report.Warnings)
        {
            Add($"<p class=\"inconclusive\">Inconclusive: {Html(warning)}</p>\n");
        }

        var errors = report.Outcomes.Where(entry => Outcome.All.Any(outcome => outcome.Name == entry.Outcome && outcome.IsError));
        Add($"<section class=\"tiles\">");
        Add($"<div class=\"tile\"><b>{report.Requests / Math.Max(0.001, report.Seconds):N0}</b><span>requests a second</span></div>");
        Add($"<div class=\"tile\"><b>{report.Count(Outcome.Accepted.Name):N0}</b><span>answers: accepted</span></div>");
        Add($"<div class=\"tile\"><b>{report.All.P99:N1} ms</b><span>p99 of all requests</span></div>");
        Add($"<div class=\"tile\"><b>{errors.Sum(entry => entry.Count):N0}</b><span>errors of {report.Requests:N0} requests</span></div>");
        Add($"</section>\n");
        foreach (var chart in Wider(report))
        {
            Add($"<section class=\"card\">{chart.Render(Wide)}</section>\n");
        }

        Add($"<div class=\"pair\">");
        foreach (var chart in Narrower(report))
        {
            Add($"<section class=\"card\">{chart.Render(Half)}</section>\n");
        }

        Add($"</div>\n<div class=\"pair\">");
        Add($"{Marks(report)}{Table("Outcomes", ["Request", "Outcome", "#Count", "#Share"], report.Outcomes.Select(entry => new[]
        {
            entry.Step, entry.Outcome, Text($"{entry.Count:N0}"), Text($"{100.0 * entry.Count / report.Requests:0.00} %"),
        }))}</div>\n");
        Add($"{Table("Latency, milliseconds", ["Of", "#Count", "#Mean", "#p50", "#p95", "#p99", "#p99.9", "#Longest"],
            report.Latencies.Select(row => (string[])[row.Name, Text($"{row.Count:N0}"),
                .. new[] { row.Mean, row.P50, row.P95, row.P99, row.P999, row.Longest }.Select(time => Text($"{time:N1}"))]))}");
        Add($"<div class=\"pair\">{string.Concat(report.Audit.Select(Audit))}</div>\n");
        if (report.Findings.Count > 0)
        {
            Add($"{Table("What was found", [""], report.Findings.Select(finding => new[] { finding }))}");
        }

        Add($"<div class=\"pair\">{Settings(report)}{Origin(report)}</div>\n</main>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static IEnumerable<Chart> Wider(RunReport report)
    {
        var places = Places(report.Series);
        var ends = places.Select(place => place[^1].Second).ToArray();
        double?[] Rate(Func<SecondSample, long> count) => [.. places.Select(place => (double?)(place.Sum(count) / Length(report, place)))];
        double?[] Longest(Func<SecondSample, double> time) =>
            [.. places.Select(place => place.Max(time) is > 0 and var value ? value : (double?)null)];
        long Of(SecondSample second, OutcomeKind kind) =>
            Outcome.All.Where(outcome => outcome.Kind == kind).Sum(outcome => second.Count(outcome.Name));
        string[] named =
            [RefusalCode.SoldOut, RefusalCode.LimitReached, RefusalCode.RateLimited, RefusalCode.Unavailable, RefusalCode.Busy];
        var rows = new List<ChartRow>
        {
            new("accepted", "accepted", Mark.Columns, Rate(second => second.Count("accepted"))),
            new("other answers", "answered", Mark.Columns, Rate(second => Of(second, OutcomeKind.Answered))),
            new("sold out", "soldout", Mark.Columns, Rate(second => second.Count(RefusalCode.SoldOut))),
            new("limit reached", "limit", Mark.Columns, Rate(second => second.Count(RefusalCode.LimitReached))),
            new("rate limited", "rate", Mark.Columns, Rate(second => second.Count(RefusalCode.RateLimited))),
            new("otherwise refused", "refused", Mark.Columns, Rate(second => Of(second, OutcomeKind.Refused) - named.Sum(second.Count))),
            new("unavailable, busy or failed", "failed", Mark.Columns,
                Rate(second => Of(second, OutcomeKind.Failed) + second.Count(RefusalCode.Unavailable) + second.Count(RefusalCode.Busy))),
        };
        rows.RemoveAll(row => row.Values.All(value => value is null or 0));
        rows.Add(new("visitors who came", "arrivals", Mark.Dashes, Rate(second => second.Arrivals)));
        yield return new Chart("Answers", "a second", ends, rows);
        yield return new Chart("Latency", "milliseconds, from the moment at which each request was due", ends,
        [
            new("p50", "p50", Mark.Line, Longest(second => second.P50Milliseconds)),
            new("p95", "p95", Mark.Line, Longest(second => second.P95Milliseconds)),
            new("p99", "p99", Mark.Line, Longest(second => second.P99Milliseconds)),
            new("p99.9", "p999", Mark.Line, Longest(second => second.P999Milliseconds)),
        ], IsLogarithmic: true);
    }

    private static IEnumerable<Chart> Narrower(RunReport report)
    {
        // The very end belongs to it: what came back then is for sale.
        var places = report.Series.Chunk(PlaceLength(report.Series)).ToArray();
        var ends = places.Select(place => place[^1].Second).ToArray();
        double?[] Maximum(Func<SecondSample, long?> value) => [.. places.Select(place => (double?)place.Max(value))];
        yield return new Chart("Stock left", "units", ends, [new("stock left", "stock", Mark.Level, Maximum(second => second.StockLeft))]);
        yield return new Chart(
            "Backlog", "orders that wait to be persisted", ends,
            [new("backlog", "backlog", Mark.Level, Maximum(second => second.Backlog))]);
    }

    // A long run has more seconds than the page has room for. What is left of the last second would appear too high, or too low.
    private static SecondSample[][] Places(IReadOnlyList<SecondSample> series)
    {
        var whole = series.Count > 1 && series[^1].Second - series[^2].Second < 0.5 ? series.Take(series.Count - 1) : series;
        return [.. whole.Chunk(PlaceLength(series))];
    }

    private static int PlaceLength(IReadOnlyList<SecondSample> series) =>
        Math.Max(1, (int)Math.Ceiling(series.Count / (double)MaximumPlaces));

    private static double Length(RunReport report, SecondSample[] place)
    {
        var before = report.Series.LastOrDefault(second => second.Second < place[0].Second)?.Second ?? 0;
        return Math.Max(0.001, place[^1].Second - before);
    }

    private static string Marks(RunReport report) => Table(
        "Pass marks", ["Mark", "Needed", "#Measured", ""],
        report.Thresholds.Select(mark => new[] { mark.Name, mark.Needed, mark.Measured, mark.IsMet ? "✓" : "✗" }));

    private static string Audit(ResultSection section) => Table(
        section.Title, ["", "#", "", ""],
        section.Rows.Select(row => new[]
        {
            row.Name.Trim(), row.Value, row.Meaning, row.Verdict switch { RowVerdict.Right => "✓", RowVerdict.Wrong => "✗", _ => "" },
        }));

    private static string Settings(RunReport report)
    {
        var settings = report.Settings;
        return Table("Settings", ["Setting", "#Value"],
        [
            settings.Users > 0
                ? ["users", Text($"{settings.Users:N0}, {settings.ThinkMilliseconds:N0} ms pause")]
                : ["visitors a second, maximum", Text($"{settings.Rate:#,0.##}")],
            ["seconds", Text($"{settings.Seconds:N0}, after {settings.WarmUpSeconds:N0} of warm-up")],
            ["items × units",
                settings.Stock > 0 ? Text($"{settings.Items} × {settings.Stock:N0}") : Text($"{settings.Items}, more than enough")],
            ["units for each buyer, maximum", Text($"{settings.LimitPerUser:N0}")],
            ["connections, maximum", Text($"{settings.Connections:N0}")],
            ["time to pay", Text($"{settings.PaymentTimeoutSeconds:N0} s")],
            ["a visitor gives up after", Text($"{settings.TimeoutSeconds:N0} s")],
        ]);
    }

    private static string Origin(RunReport report) => Table("Where and how", ["", ""],
    [
        ["command", report.Command],
        ["commit", report.Commit],
        ["generator", Text($"{report.Machine.Cpu}, {report.Machine.Cores} cores, {report.Machine.MemoryGigabytes} GB")],
        ["its system", $"{report.Machine.Kernel}, .NET {report.Machine.DotNet}"],
        ["its processor", Text($"at most {Maximum(report, second => second.GeneratorCpu):0.0} of {report.Machine.Cores} cores")],
        ["its lateness", Text($"at most {Maximum(report, second => second.LatenessMilliseconds):0.0} ms (p99 of a second)")],
        ["its precision", Text($"percentiles are at most {Histogram.Precision:P1} too high, and never too low")],
    ]);

    private static double Maximum(RunReport report, Func<SecondSample, double> value) =>
        report.Series.Select(value).DefaultIfEmpty().Max();

    // A column whose head begins with # holds numbers.
    private static string Table(string title, string[] head, IEnumerable<string[]> rows)
    {
        var isNumber = head.Select(cell => cell.StartsWith('#')).ToArray();
        var text = new StringBuilder($"<section class=\"card\"><h2>{Html(title)}</h2><div class=\"scroll\"><table>");
        if (head.Any(cell => cell.Length > 1))
        {
            text.Append("<tr>").AppendJoin("", head.Select((cell, index) =>
                $"<th{(isNumber[index] ? " class=\"n\"" : "")}>{Html(cell.TrimStart('#'))}</th>")).Append("</tr>");
        }

        foreach (var row in rows)
        {
            text.Append("<tr>").AppendJoin("", row.Select((cell, index) => cell switch
            {
                "✓" => "<td class=\"n yes-mark\">✓</td>",
                "✗" => "<td class=\"n no-mark\">✗</td>",
                _ => $"<td{(isNumber[index] ? " class=\"n\"" : "")}>{Html(cell)}</td>",
            })).Append("</tr>");
        }

        return text.Append("</table></div></section>\n").ToString();
    }

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..] + ".";

    private static string Html(string text) => WebUtility.HtmlEncode(text);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Style()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("report.css")
            ?? throw new InvalidOperationException("report.css is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
