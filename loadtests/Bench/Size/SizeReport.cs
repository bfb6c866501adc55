using System.Globalization;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Size;

/// <summary>A column for each size.</summary>
/// <param name="Origin">Where the figures are from.</param>
/// <param name="OtherPerSecond">Orders of the other item.</param>
/// <param name="Results">The sizes.</param>
/// <param name="Wrong">Broken promises.</param>
public sealed record SizeReport(
    BenchOrigin Origin, double OtherPerSecond, IReadOnlyList<SizeResult> Results, IReadOnlyCollection<string> Wrong)
{
    /// <summary>Writes <c>size.md</c>.</summary>
    public Task WriteAsync(IAnsiConsole console, string directory)
    {
        var page = new BenchPage("An item with very many orders", Origin);
        page.Line($"");
        page.Line($"One item with so many live orders, each of another buyer and under an Idempotency-Key,");
        page.Line($"and {OtherPerSecond:0} orders a second of another item on the same Redis, API and worker.");
        string[] head = ["", .. Results.Select(result => Text($"{result.Holds:N0} holds"))];
        page.Table("The item", head,
        [
            Row("Redis, bytes for each hold", result => Text($"{result.MemoryBytes / result.Holds:N0}")),
            .. Results[0].KeyBytes.Select((key, index) =>
                Row($"… of these in `:{key.Key}`", result => Text($"{(double)result.KeyBytes[index].Bytes / result.Holds:N0}"))),
            Row("reserved, published and placed, s", result => Text($"{result.FillSeconds:N1}")),
            Row("audit, s", result => Text($"{Of(result, "audit").Seconds:N1}")),
            Row("rebuild, s", result => Text($"{Of(result, "rebuild").Seconds:N1}")),
            Row("AOF before a rewrite, MB", result => Text($"{result.LogMegabytes:N0}")),
            Row("… loaded at a restart, s", result => Optional(result.LogLoadSeconds)),
            Row("AOF rewrite, s", result => Text($"{result.Rewrite.Seconds:N1}")),
            Row("… its fork, ms without an answer", result => Text($"{result.Rewrite.ForkMilliseconds:N1}")),
            Row("AOF after it, MB", result => Text($"{result.SnapshotMegabytes:N0}")),
            Row("… loaded at a restart, s", result => Optional(result.SnapshotLoadSeconds)),
            Row("sell-out: the last units, s", result => Text($"{result.SellOut.Seconds:N1}")),
            Row("… accepted", result => Text($"{result.SellOut.Accepted:N0}")),
            Row("… refused as sold out", result => Text($"{result.SellOut.SoldOut:N0}")),
            Row("… 503 or no answer", result => Text($"{result.SellOut.Unavailable:N0}")),
        ]);
        page.Table("The other item meanwhile: p50 / p99 in ms, and 503s or no answer of all requests", head,
            Results[0].Others.Select(other => Row(other.While, result => Of(result, other.While) is var beside ? Text(
                $"{beside.P50Milliseconds:N1} / {beside.P99Milliseconds:N1}, {beside.Unavailable:N0} of {beside.Requests:N0}") : "")));
        page.Line($"");
        page.Line($"A restart is measured on a copy of the file by another server.");
        page.Line($"The clicks of the sell-out go on for five seconds after the last unit.");
        page.Line($"Promises that Seckill broke: {(Wrong.Count == 0 ? "none" : string.Join(" ", Wrong))}.");
        return page.WriteAsync(console, directory, "size.md", []);
    }

    private string[] Row(string name, Func<SizeResult, string> value) => [name, .. Results.Select(value)];

    private static Beside Of(SizeResult result, string what) => result.Others.First(other => other.While == what).Beside;

    private static string Optional(double? seconds) => seconds is { } value ? Text($"{value:N1}") : "–";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
