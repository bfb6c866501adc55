using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.DualWrite;

/// <summary>The result of the benchmark of the dual write.</summary>
/// <param name="Date">End, UTC.</param>
/// <param name="Command">The command line.</param>
/// <param name="Commit">Of the checkout.</param>
/// <param name="Machine">Machine and versions.</param>
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
            var share = Spread.Ratio(Of(round => round.PlacedPerSecond), Of(round => round.AlonePerSecond));
            var through = Spread.Ratio(Of(round => round.VerifiedPerSecond), Of(round => round.AlonePerSecond));
            var inserts = Spread.Ratio(Of(round => round.VerifiedPerSecond), Of(round => round.OneByOnePerSecond));
            var follow = Spread.Of(Of(round => round.Follow.P99Seconds));
            return
            [
                new("persisting with the legacy write on ÷ without", "≥ 0.6", Text(share), share.Median >= 0.6),
                new("the same until all is verified ÷ without", "–", Text(through), true),
                new("written and verified ÷ two inserts, one order and message at a time", "≥ 15", Text(inserts), inserts.Median >= 15),
                new("202 to verified at full accept load, p99, s", "< 3", Text(follow), follow.Median < 3),
                new(
                    $"backlog of {Outage.Seconds} s verified after the return, s", "≤ 30", Number(Outage.DrainSeconds),
                    Outage.DrainSeconds <= 30),
            ];
        }
    }

    /// <summary>Writes <c>dual-write.json</c> and <c>dual-write.md</c>, and shows the bars.</summary>
    /// <param name="console">Shows the bars.</param>
    /// <param name="directory">Created when missing.</param>
    public async Task WriteAsync(IAnsiConsole console, string directory)
    {
        await Page().WriteAsync(console, directory, "dual-write.md", [.. Bars]);
        await File.WriteAllTextAsync(
            Path.Combine(directory, "dual-write.json"), JsonSerializer.Serialize(this, DualWriteReportJson.Default.DualWriteReport) + "\n");
    }

    private BenchPage Page()
    {
        var page = new BenchPage("The dual write", new BenchOrigin(Date, Command, Commit, Machine));
        page.Line($"Load: {Load}. Each database has a server of its own.");
        page.Bars(Bars);
        page.Table(
            ["orders/s of one worker", "median", "of the rounds"],
            [
                Row("order schema alone", round => round.AlonePerSecond),
                Row("order schema, with the legacy write on", round => round.PlacedPerSecond),
                Row("both, verified", round => round.VerifiedPerSecond),
                Row("two inserts, a message an order, one at a time", round => round.OneByOnePerSecond),
                Row("two inserts, a message an order, four at a time", round => round.SideBySidePerSecond),
                Row("accepted in the accept load", round => round.Follow.AcceptedPerSecond),
                Row("202 to verified, p50, s", round => round.Follow.P50Seconds),
                Row("202 to verified, maximum, s", round => round.Follow.MaximumSeconds),
            ]);
        page.Line($"");
        page.Line(
            $"Outage: {Outage.Seconds} s at {Number(Outage.AcceptedPerSecond)} accepted/s left {Number(Outage.Backlog)} changes ",
            $"waiting; the last was verified {Number(Outage.DrainSeconds)} s after the return, ",
            $"{Number(Outage.Backlog / Outage.DrainSeconds)} a second.");
        page.Line($"");
        page.Line($"A persisting run is {Number(Orders)} orders, reserved beforehand and published at once, and the time from the first");
        page.Line($"message to the last row, or to the last row that was read back and found equal. Afterwards each order is counted in");
        page.Line($"both databases. `202 to verified` covers every order, from its reservation to the transaction that marks it verified.");
        return page;

        string[] Row(string name, Func<DualWriteRound, double> value)
        {
            var spread = Spread.Of(Rounds.Select(value));
            return [name, Number(spread.Median), $"{Number(spread.Minimum)} to {Number(spread.Maximum)}"];
        }
    }

    private static string Text(Spread spread) => $"{Number(spread.Median)} ({Number(spread.Minimum)} to {Number(spread.Maximum)})";

    private static string Number(double number) =>
        number.ToString(Math.Abs(number) >= 100 ? "N0" : "0.##", CultureInfo.InvariantCulture);
}

/// <summary>One round.</summary>
/// <param name="AlonePerSecond">Persisted with the mode off.</param>
/// <param name="PlacedPerSecond">Persisted with the legacy write on.</param>
/// <param name="VerifiedPerSecond">Persisted and verified in the legacy database.</param>
/// <param name="OneByOnePerSecond">A message and two inserts for each order, one at a time.</param>
/// <param name="SideBySidePerSecond">The same, four at a time.</param>
/// <param name="Follow">Under the accept load.</param>
public sealed record DualWriteRound(
    double AlonePerSecond, double PlacedPerSecond, double VerifiedPerSecond, double OneByOnePerSecond, double SideBySidePerSecond,
    FollowResult Follow);

/// <summary>How the legacy database follows an accept load.</summary>
/// <param name="AcceptedPerSecond">202s.</param>
/// <param name="P50Seconds">From the 202 to the verification.</param>
/// <param name="P99Seconds">99th percentile.</param>
/// <param name="MaximumSeconds">The slowest order.</param>
public sealed record FollowResult(double AcceptedPerSecond, double P50Seconds, double P99Seconds, double MaximumSeconds);

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
