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

    /// <summary>When visitors come.</summary>
    public Arrivals Arrivals(LoadSettings settings) => new(Plan(settings));
}
