using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Load;

/// <summary>One kind of crowd.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Summary">In half a line.</param>
/// <param name="Defaults">Size and pass marks, when not given.</param>
/// <param name="Plan">When visitors come in an open loop.</param>
/// <param name="VisitAsync">What one of them does.</param>
public sealed record Scenario(
    string Name, string Summary, LoadSettings Defaults, Func<LoadSettings, IReadOnlyList<Phase>> Plan, Func<Visit, Task> VisitAsync)
{
    /// <summary>Share of <see cref="LoadSettings.Seconds"/> after which operations double the stock of each item; null for never.</summary>
    public double? RestockAfter { get; init; }

    /// <summary>Codes of the refusals that belong to it. Any other is a sign of a wrong system or wrong settings.</summary>
    public IReadOnlyList<string> Refusals { get; init; } = [];

    /// <summary>What it is about. A run in which one of these never happened shows little, and its report says so.</summary>
    public IReadOnlyList<(Step Step, Outcome Outcome)> Shows { get; init; } = [];

    /// <summary>Units for each visitor, of all items together, unless a stock is asked for; null for the stock of the defaults.</summary>
    public double? UnitsPerVisitor { get; init; }

    /// <summary>The settings with a stock that fits the crowd: half the rate sells out half the stock in the same time.</summary>
    public LoadSettings Sized(LoadSettings settings) => settings.Stock > 0 || UnitsPerVisitor is not { } units
        ? settings : settings with { Stock = Math.Max(1, (int)(Arrivals(settings).Count * units / settings.Items)) };

    /// <summary>When visitors come.</summary>
    public Arrivals Arrivals(LoadSettings settings) => new(Plan(settings));
}
