using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Load;

/// <summary>One kind of crowd.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Summary">In half a line.</param>
/// <param name="Defaults">Size and pass marks, unless the command line sets them.</param>
/// <param name="Plan">When visitors arrive in an open loop.</param>
/// <param name="VisitAsync">What a visitor does.</param>
public sealed record Scenario(
    string Name, string Summary, LoadSettings Defaults, Func<LoadSettings, IReadOnlyList<Phase>> Plan, Func<Visit, Task> VisitAsync)
{
    /// <summary>Share of <see cref="LoadSettings.Seconds"/> after which the stock of each item is doubled; null for never.</summary>
    public double? RestockAfter { get; init; }

    /// <summary>Codes of the expected refusals. Any other is a sign of a wrong system or wrong settings.</summary>
    public IReadOnlyList<string> Refusals { get; init; } = [];

    /// <summary>What a run must show. A run in which one of these never happened is inconclusive.</summary>
    public IReadOnlyList<(Step Step, Outcome Outcome)> Shows { get; init; } = [];

    /// <summary>Units of all items together per visitor, unless the stock is set; null for the stock of the defaults.</summary>
    public double? UnitsPerVisitor { get; init; }

    /// <summary>Changes an item of the sale, by its index; null for items that are alike.</summary>
    public Func<int, SaleItem, SaleItem>? Item { get; init; }

    /// <summary>True when a run also watches what the system uses, and fails when something grows that should not.</summary>
    public bool WatchesResources { get; init; }

    /// <summary>The waiting room of the sale; null for none.</summary>
    public Func<LoadSettings, SaleRoom>? Room { get; init; }

    /// <summary>Share of <see cref="LoadSettings.Seconds"/> after which the sale of a waiting room opens.</summary>
    public double OpensAfter { get; init; }

    /// <summary>True when the audit needs the refused orders too.</summary>
    public bool LogsRefusals { get; init; }

    /// <summary>The settings with a stock that fits the crowd: half the rate sells out half the stock in the same time.</summary>
    public LoadSettings Sized(LoadSettings settings) => settings.Stock > 0 || UnitsPerVisitor is not { } units
        ? settings : settings with { Stock = Math.Max(1, (int)(Arrivals(settings).Count * units / settings.Items)) };

    /// <summary>When visitors arrive.</summary>
    public Arrivals Arrivals(LoadSettings settings) => new(Plan(settings));
}
