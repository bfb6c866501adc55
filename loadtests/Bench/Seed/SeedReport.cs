using System.Globalization;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Seed;

/// <summary>One of the two.</summary>
/// <param name="Name">What is measured.</param>
/// <param name="Requests">Answered, or failed.</param>
/// <param name="Accepted">202s.</param>
/// <param name="Errors">Failures, timeouts, and 503s.</param>
/// <param name="MeanMilliseconds">Of all requests, those that failed included.</param>
/// <param name="P50Milliseconds">Median.</param>
/// <param name="P99Milliseconds">99th percentile.</param>
/// <param name="Connections">Maximum PostgreSQL connections.</param>
public sealed record SeedSide(
    string Name, long Requests, long Accepted, long Errors, double MeanMilliseconds, double P50Milliseconds, double P99Milliseconds,
    int Connections)
{
    /// <summary>Of 100 requests.</summary>
    public double ErrorPercent => Requests == 0 ? 0 : Errors * 100.0 / Requests;
}

/// <summary>The two sides of the comparison.</summary>
/// <param name="Origin">Where the figures are from.</param>
/// <param name="Buyers">Concurrent buyers.</param>
/// <param name="PauseSeconds">Mean pause of a buyer between two orders.</param>
/// <param name="Seconds">Length.</param>
/// <param name="Seckill">Seckill.</param>
/// <param name="Direct">The baseline.</param>
/// <param name="Wrong">Promises that Seckill broke.</param>
public sealed record SeedReport(
    BenchOrigin Origin, int Buyers, double PauseSeconds, int Seconds, SeedSide Seckill, SeedSide Direct, IReadOnlyList<string> Wrong)
{
    /// <summary>Writes <c>seed-figure.md</c> and shows the figures.</summary>
    /// <param name="console">Shows the figures.</param>
    /// <param name="directory">Created when missing.</param>
    public async Task WriteAsync(IAnsiConsole console, string directory)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("")
            .AddColumn(new TableColumn("direct").RightAligned()).AddColumn(new TableColumn("Seckill").RightAligned());
        foreach (var row in Rows())
        {
            table.AddRow(row[..3]);
        }

        console.Write(table);
        await Page().WriteAsync(console, directory, "seed-figure.md", []);
    }

    private string[][] Rows()
    {
        string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        string[] Row(string name, Func<SeedSide, FormattableString> value, string direct = "–", string pooled = "–") =>
            [name, Text(value(Direct)), Text(value(Seckill)), direct, pooled];
        return
        [
            Row("mean, ms", side => $"{side.MeanMilliseconds:N1}", "186", "42"),
            Row("p50, ms", side => $"{side.P50Milliseconds:N1}"),
            Row("p99, ms", side => $"{side.P99Milliseconds:N1}"),
            Row("errors", side => $"{side.ErrorPercent:0.00} %", "8.2 %", "0.03 %"),
            Row("PostgreSQL connections, maximum", side => $"{side.Connections:N0}", "2,140", "98"),
            Row("requests/s", side => $"{side.Requests / (double)Seconds:N0}"),
            Row("orders accepted/s", side => $"{side.Accepted / (double)Seconds:N0}"),
        ];
    }

    private BenchPage Page()
    {
        var page = new BenchPage("The figure that this project starts from", Origin);
        page.Line($"");
        page.Line($"{Buyers:N0} buyers at once for {Seconds} s, each pausing {PauseSeconds:0.#} s (half to one and a half times that)");
        page.Line($"between two orders, in one run: first Seckill, then one PostgreSQL transaction for each order, on a pool limited only");
        page.Line($"by the server's own `max_connections`. An error is a failure, a timeout or a 503.");
        page.Table(["", "direct, here", "Seckill, here", "direct, published", "pooled, published"], Rows());
        page.Line($"");
        page.Line($"Promises that Seckill broke in this run: {(Wrong.Count == 0 ? "none" : string.Join(" ", Wrong))}.");
        page.Line($"Connections count all of its processes together.");
        page.Line($"The published columns are from another machine and another program: compare their shape.");
        return page;
    }
}
