using System.Globalization;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Load;

/// <summary>A pass mark of a run.</summary>
/// <param name="Name">What.</param>
/// <param name="Needed">In words.</param>
/// <param name="Measured">With its unit.</param>
/// <param name="IsMet">A run passes when all are.</param>
public sealed record Threshold(string Name, string Needed, string Measured, bool IsMet)
{
    /// <summary>All of a run.</summary>
    /// <param name="settings">The marks.</param>
    /// <param name="tally">What was measured.</param>
    /// <param name="lost">Orders that were promised and are nowhere.</param>
    /// <param name="oversold">Units beyond the stock.</param>
    /// <param name="wrong">Other rows of the audit that are not what they must be.</param>
    public static IReadOnlyList<Threshold> Of(LoadSettings settings, Tally tally, long lost, long oversold, int wrong)
    {
        var p99 = tally.Latency().Percentile(99) / 1000.0;
        var requests = tally.Requests;
        var errors = tally.Count(outcome => outcome.IsError) * 100.0 / Math.Max(1, requests);
        return
        [
            Of("requests", requests, "> 0", requests > 0),
            new("p99", Text($"≤ {settings.MostP99Milliseconds:#,0.#} ms"), Text($"{p99:#,0.0} ms"), p99 <= settings.MostP99Milliseconds),
            new("errors", Text($"≤ {settings.MostErrorPercent:0.###} %"), Text($"{errors:0.###} %"), errors <= settings.MostErrorPercent),
            Of("lost orders", lost, "0", lost == 0),
            Of("oversold units", oversold, "0", oversold == 0),
            Of("other findings of the audit", wrong, "0", wrong == 0),
        ];
    }

    private static Threshold Of(string name, long value, string needed, bool isMet) => new(name, needed, Text($"{value:N0}"), isMet);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
