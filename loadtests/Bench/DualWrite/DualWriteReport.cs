using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.DualWrite;

/// <summary>Everything that a run of the dual write's benchmark has to say.</summary>
/// <param name="Date">End, UTC.</param>
/// <param name="Command">What was typed.</param>
/// <param name="Commit">Of the checkout.</param>
/// <param name="Machine">Where.</param>
/// <param name="Load">The load generator.</param>
/// <param name="Orders">Orders of a persisting run.</param>
/// <param name="Seconds">Length of an accept load.</param>
/// <param name="Rounds">What each measured.</param>
/// <param name="Outage">The outage.</param>
public sealed record DualWriteReport(
    DateTimeOffset Date, string Command, string Commit, Machine Machine, string Load, int Orders, int Seconds,
    IReadOnlyList<DualWriteRound> Rounds, OutageResult Outage)
{
    /// <summary>The marks.</summary>
    public IReadOnlyList<Bar> Bars
    {
        get
        {
            List<double> Of(Func<DualWriteRound, double> value) => [.. Rounds.Select(value)];
            var share = Spread.Ratio(Of(round => round.PlacedPerSecond), Of(round => round.OursPerSecond));
            var through = Spread.Ratio(Of(round => round.VerifiedPerSecond), Of(round => round.OursPerSecond));
            var inserts = Spread.Ratio(Of(round => round.VerifiedPerSecond), Of(round => round.OneByOnePerSecond));
            var follow = Spread.Of(Of(round => round.Follow.P99Seconds));
            return
            [
                new("persisting with the legacy write on ÷ ours alone", "≥ 0.6", Text(share), share.Median >= 0.6),
                new("the same until all is verified ÷ ours alone", "–", Text(through), true),
                new("written and verified ÷ two inserts, one order and message at a time", "≥ 15", Text(inserts), inserts.Median >= 15),
                new("202 to verified at full accept load, p99, s", "< 3", Text(follow), follow.Median < 3),
                new(
                    $"backlog of {Outage.Seconds} s verified after the return, s", "≤ 30", Number(Outage.DrainSeconds),
                    Outage.DrainSeconds <= 30),
            ];
        }
    }

    /// <summary>Writes <c>dual-write.json</c> and <c>dual-write.md</c>.</summary>
    /// <param name="directory">Created when missing.</param>
    public async Task WriteAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(
            Path.Combine(directory, "dual-write.json"), JsonSerializer.Serialize(this, DualWriteReportJson.Default.DualWriteReport) + "\n");
        await File.WriteAllTextAsync(Path.Combine(directory, "dual-write.md"), Markdown());
    }

    /// <summary>The bars, for people.</summary>
    public void Print(IAnsiConsole console, string directory)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("bar", "needed", "measured", "met");
        foreach (var bar in Bars)
        {
            table.AddRow(Markup.Escape(bar.Name), bar.Needed, Markup.Escape(bar.Value), bar.IsMet ? "[green]yes[/]" : "[red]no[/]");
        }

        console.Write(table);
        console.WriteLine($"written: {Path.Combine(directory, "dual-write.md")}");
    }

    private string Markdown()
    {
        var page = new StringBuilder();
        void Line(string text) => page.Append(text).Append('\n');
        Line("# The dual write");
        Line("");
        Line($"Written by `{Command}` on {Date:yyyy-MM-dd HH:mm} UTC at commit {Commit}; nothing here is typed by hand.");
        Line($"One machine for everything: {Machine.Cpu}, {Machine.Cores} cores, {Machine.MemoryGigabytes} GB, .NET {Machine.DotNet},");
        Line($"PostgreSQL {Machine.Postgres} (two servers, `fsync on`), RabbitMQ {Machine.RabbitMq}. Load: {Load}. So read the ratios.");
        Line("");
        Line("| bar | needed | measured | met |");
        Line("| --- | --- | --- | --- |");
        foreach (var bar in Bars)
        {
            Line($"| {bar.Name} | {bar.Needed} | {bar.Value} | {(bar.IsMet ? "yes" : "**no**")} |");
        }

        Line("");
        Line("| orders/s of one worker | median | of the rounds |");
        Line("| --- | --- | --- |");
        Row("ours alone", round => round.OursPerSecond);
        Row("ours, with the legacy write on", round => round.PlacedPerSecond);
        Row("both, verified", round => round.VerifiedPerSecond);
        Row("two inserts, a message an order, one at a time", round => round.OneByOnePerSecond);
        Row("two inserts, a message an order, four at a time", round => round.SideBySidePerSecond);
        Row("accepted in the accept load", round => round.Follow.AcceptedPerSecond);
        Row("202 to verified, p50, s", round => round.Follow.P50Seconds);
        Row("202 to verified, the slowest, s", round => round.Follow.MostSeconds);
        Line("");
        Line($"Outage: {Outage.Seconds} s at {Number(Outage.AcceptedPerSecond)} accepted/s left {Number(Outage.Backlog)} changes waiting;");
        Line($"the last was verified {Number(Outage.DrainSeconds)} s after the return, "
            + $"{Number(Outage.Backlog / Outage.DrainSeconds)} a second.");
        Line("");
        Line($"A persisting run is {Number(Orders)} orders, reserved beforehand and published at once, and the time from the first");
        Line("message to the last row, or to the last row that was read back and found equal. Afterwards each order is counted in both");
        Line("databases. `202 to verified` is taken of every order, from the time of its reservation to the transaction that marks it.");
        return page.ToString();

        void Row(string name, Func<DualWriteRound, double> value)
        {
            var spread = Spread.Of(Rounds.Select(value));
            Line($"| {name} | {Number(spread.Median)} | {Number(spread.Least)} to {Number(spread.Most)} |");
        }
    }

    private static string Text(Spread spread) => $"{Number(spread.Median)} ({Number(spread.Least)} to {Number(spread.Most)})";

    private static string Number(double number) =>
        number.ToString(Math.Abs(number) >= 100 ? "N0" : "0.##", CultureInfo.InvariantCulture);
}

/// <summary>One round.</summary>
/// <param name="OursPerSecond">Persisted with the mode off.</param>
/// <param name="PlacedPerSecond">Persisted with the legacy write on.</param>
/// <param name="VerifiedPerSecond">Persisted and verified in the legacy database.</param>
/// <param name="OneByOnePerSecond">A message and two inserts for each order, one at a time.</param>
/// <param name="SideBySidePerSecond">The same, four at a time.</param>
/// <param name="Follow">Under the accept load.</param>
public sealed record DualWriteRound(
    double OursPerSecond, double PlacedPerSecond, double VerifiedPerSecond, double OneByOnePerSecond, double SideBySidePerSecond,
    FollowResult Follow);

/// <summary>How the legacy database follows an accept load.</summary>
/// <param name="AcceptedPerSecond">202s.</param>
/// <param name="P50Seconds">From the 202 to the verification.</param>
/// <param name="P99Seconds">99th percentile.</param>
/// <param name="MostSeconds">The slowest.</param>
public sealed record FollowResult(double AcceptedPerSecond, double P50Seconds, double P99Seconds, double MostSeconds);

/// <summary>An outage of the legacy database under the accept load.</summary>
/// <param name="Seconds">How long.</param>
/// <param name="AcceptedPerSecond">202s meanwhile.</param>
/// <param name="Backlog">Changes that waited at its return.</param>
/// <param name="DrainSeconds">From its return to the verification of the last.</param>
public sealed record OutageResult(int Seconds, double AcceptedPerSecond, long Backlog, double DrainSeconds);

/// <summary>JSON of the report.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DualWriteReport))]
internal sealed partial class DualWriteReportJson : JsonSerializerContext;
