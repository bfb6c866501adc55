using System.Globalization;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Load;

/// <summary>A pass mark of a run.</summary>
/// <param name="Name">What is limited.</param>
/// <param name="Needed">In words.</param>
/// <param name="Measured">With its unit.</param>
/// <param name="IsMet">A run passes when all marks are met.</param>
public sealed record Threshold(string Name, string Needed, string Measured, bool IsMet)
{
    /// <summary>All marks of a run.</summary>
    /// <param name="settings">The marks.</param>
    /// <param name="refusals">Codes of the expected refusals.</param>
    /// <param name="tally">What was measured.</param>
    /// <param name="lost">Orders that were promised and are nowhere.</param>
    /// <param name="oversold">Units beyond the stock.</param>
    /// <param name="wrong">Other rows of the audit that are wrong.</param>
    public static IReadOnlyList<Threshold> Of(
        LoadSettings settings, IReadOnlyList<string> refusals, Tally tally, long lost, long oversold, int wrong)
    {
        var p99 = tally.Latency().Percentile(99) / 1000.0;
        var requests = tally.Requests;
        var errors = tally.Count(outcome => outcome.IsError) * 100.0 / Math.Max(1, requests);
        var unexpected = Outcome.All
            .Where(outcome => outcome.Kind == OutcomeKind.Refused && !outcome.IsError && !refusals.Contains(outcome.Name))
            .Select(outcome => (outcome.Name, Percent: tally.Count(other => other == outcome) * 100.0 / Math.Max(1, requests)))
            .Where(refusal => refusal.Percent > 0).OrderByDescending(refusal => refusal.Percent).ToArray();
        var unexpectedShare = unexpected.Sum(refusal => refusal.Percent);
        return
        [
            Of("requests", requests, "> 0", requests > 0),
            new("p99", Text($"≤ {settings.MaximumP99Milliseconds:#,0.#} ms"), Text($"{p99:#,0.0} ms"),
                p99 <= settings.MaximumP99Milliseconds),
            new("errors", Text($"≤ {settings.MaximumErrorPercent:0.###} %"), Text($"{errors:0.###} %"),
                errors <= settings.MaximumErrorPercent),
            new("unexpected refusals", Text($"≤ {settings.MaximumErrorPercent:0.###} %"),
                Text($"{unexpectedShare:0.###} %") + (unexpected.Length > 0 ? $" {unexpected[0].Name}" : ""),
                unexpectedShare <= settings.MaximumErrorPercent),
            Of("lost orders", lost, "0", lost == 0),
            Of("oversold units", oversold, "0", oversold == 0),
            Of("other findings of the audit", wrong, "0", wrong == 0),
        ];
    }

    /// <summary>The mark that a stopped run misses.</summary>
    public static Threshold StoppedAfter(TimeSpan elapsed) =>
        new("ran to its end", "yes", Text($"stopped after {elapsed.TotalSeconds:0.0} s"), false);

    private static Threshold Of(string name, long value, string needed, bool isMet) => new(name, needed, Text($"{value:N0}"), isMet);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
