using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Seed;

/// <summary>One of the two.</summary>
/// <param name="Name">For people.</param>
/// <param name="Requests">Answered, or failed.</param>
/// <param name="Accepted">202s.</param>
/// <param name="Errors">Failures, time-outs, and 503s.</param>
/// <param name="MeanMilliseconds">Of all requests, those that failed included.</param>
/// <param name="P50Milliseconds">Median.</param>
/// <param name="P99Milliseconds">99th percentile.</param>
/// <param name="Connections">PostgreSQL connections, at most.</param>
public sealed record SeedSide(
    string Name, long Requests, long Accepted, long Errors, double MeanMilliseconds, double P50Milliseconds, double P99Milliseconds,
    int Connections)
{
    /// <summary>Of 100 requests.</summary>
    public double ErrorPercent => Requests == 0 ? 0 : Errors * 100.0 / Requests;
}

/// <summary>The two sides of the comparison.</summary>
/// <param name="Date">End, UTC.</param>
/// <param name="Command">What was typed.</param>
/// <param name="Commit">Of the checkout.</param>
/// <param name="Machine">Where.</param>
/// <param name="Buyers">At once.</param>
/// <param name="PauseSeconds">Of a buyer, between two orders.</param>
/// <param name="Seconds">Length.</param>
/// <param name="Ours">Seckill.</param>
/// <param name="Theirs">The baseline.</param>
/// <param name="Wrong">Broken promises of ours.</param>
public sealed record SeedReport(
    DateTimeOffset Date, string Command, string Commit, Machine Machine, int Buyers, double PauseSeconds, int Seconds,
    SeedSide Ours, SeedSide Theirs, IReadOnlyList<string> Wrong)
{
    /// <summary>Writes <c>seed-figure.md</c>.</summary>
    /// <param name="directory">Created when missing.</param>
    public async Task WriteAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(Path.Combine(directory, "seed-figure.md"), Markdown());
    }

    /// <summary>For people.</summary>
    public void Print(IAnsiConsole console, string directory)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("")
            .AddColumn(new TableColumn("direct").RightAligned()).AddColumn(new TableColumn("Seckill").RightAligned());
        foreach (var (name, theirs, ours, _, _) in Rows())
        {
            table.AddRow(name, theirs, ours);
        }

        console.Write(table);
        foreach (var sentence in Wrong)
        {
            console.WriteLine("WRONG: " + sentence);
        }

        console.WriteLine($"written: {Path.Combine(directory, "seed-figure.md")}");
    }

    private IEnumerable<(string Name, string Theirs, string Ours, string Direct, string Pooled)> Rows()
    {
        string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        (string, string, string, string, string) Row(string name, Func<SeedSide, FormattableString> value, string direct, string pooled) =>
            (name, Text(value(Theirs)), Text(value(Ours)), direct, pooled);
        yield return Row("mean, ms", side => $"{side.MeanMilliseconds:N1}", "186", "42");
        yield return Row("p50, ms", side => $"{side.P50Milliseconds:N1}", "–", "–");
        yield return Row("p99, ms", side => $"{side.P99Milliseconds:N1}", "–", "–");
        yield return Row("errors", side => $"{side.ErrorPercent:0.00} %", "8.2 %", "0.03 %");
        yield return Row("PostgreSQL connections, most", side => $"{side.Connections:N0}", "2,140", "98");
        yield return Row("requests/s", side => $"{side.Requests / (double)Seconds:N0}", "–", "–");
        yield return Row("orders accepted/s", side => $"{side.Accepted / (double)Seconds:N0}", "–", "–");
    }

    private string Markdown()
    {
        var page = new StringBuilder();
        void Line(FormattableString text) => page.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
        Line($"# The figure that this project starts from");
        Line($"");
        Line($"Written by `{Command}` on {Date:yyyy-MM-dd HH:mm} UTC at commit {Commit}; nothing here is typed by hand.");
        Line($"{Buyers:N0} buyers at once for {Seconds} s, each pausing {PauseSeconds:0.#} s (half to one and a half times that)");
        Line($"between two orders, in one run: first Seckill, then one PostgreSQL transaction for each order, on a pool without a limit");
        Line($"but the server's own `max_connections`. An error is a failure, a time-out or a 503.");
        Line($"");
        Line($"| | direct, here | Seckill, here | direct, published | pooled, published |");
        Line($"| --- | --- | --- | --- | --- |");
        foreach (var (name, theirs, ours, direct, pooled) in Rows())
        {
            Line($"| {name} | {theirs} | {ours} | {direct} | {pooled} |");
        }

        Line($"");
        Line($"Broken promises of Seckill in this run: {(Wrong.Count == 0 ? "none" : string.Join(" ", Wrong))}.");
        Line($"Connections count all of its processes together.");
        Line($"{Machine.Cpu}, {Machine.Cores} cores, {Machine.MemoryGigabytes} GB, {Machine.Kernel}, shared by the buyers,");
        Line($"the services and all servers. .NET {Machine.DotNet}, Redis {Machine.Redis} (`appendfsync always`),");
        Line($"PostgreSQL {Machine.Postgres} (`fsync on`), RabbitMQ {Machine.RabbitMq} (quorum queue).");
        Line($"");
        Line($"The published columns are of another machine and another program: what is to be compared is their shape.");
        return page.ToString();
    }
}
