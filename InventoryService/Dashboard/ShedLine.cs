using static Seckill.InventoryService.Dashboard.Words;

namespace Seckill.InventoryService.Dashboard;

/// <summary>Says whom the storefronts refuse for the load, and what is scarce.</summary>
internal static class ShedLine
{
    private static readonly (string Class, string One, string More)[] s_classes =
    [
        ("sale-page", "sale page", "sale pages"), ("new-click", "new click", "new clicks"),
        ("pass-holder", "buyer with a pass", "buyers with a pass"), ("own-order", "poll of an own order", "polls of own orders"),
    ];

    private static readonly (string Reason, string Words)[] s_reasons =
    [
        ("queue-wait", "clicks wait for Redis"), ("cpu-wait", "work waits for a processor"), ("burst", "a burst"),
    ];

    /// <summary>The line; null while no request is refused.</summary>
    /// <param name="rates">Refusals a second by class and reason, as heartbeats name them; those of several processes.</param>
    public static string? Of(IEnumerable<(string Key, double PerSecond)> rates)
    {
        var shed = rates.Where(rate => rate.PerSecond > 0)
            .Select(rate => (Words: rate.Key.Split(' '), rate.PerSecond)).Where(rate => rate.Words.Length == 2).ToList();
        var classes = s_classes
            .Select(one => (Name: one, Many: Rounded(shed.Where(rate => rate.Words[0] == one.Class).Sum(rate => rate.PerSecond))))
            .Where(one => one.Many > 0).Select(one => $"{Number(one.Many)} {Verb(one.Many, one.Name.One, one.Name.More)}").ToList();
        var reasons = s_reasons.Where(one => shed.Exists(rate => rate.Words[1] == one.Reason)).Select(one => one.Words);
        return classes.Count == 0 ? null
            : $"More come than can be served. Refused a second: {string.Join(", ", classes)}. Scarce: {string.Join("; ", reasons)}.";
    }
}
