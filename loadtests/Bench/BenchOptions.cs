namespace Seckill.LoadTests.Bench;

/// <summary>The command line of a benchmark.</summary>
/// <param name="Names">Variants and <c>life</c>, or one of the benchmarks that stand alone.</param>
/// <param name="Rounds">Turns of each variant.</param>
/// <param name="Seconds">Length of each run.</param>
/// <param name="Connections">Requests under way at once.</param>
/// <param name="Buyers">Distinct buyers.</param>
/// <param name="Orders">Orders that expire at one moment, in <c>life</c>.</param>
/// <param name="OutageSeconds">Of the legacy database.</param>
/// <param name="Holds">Sizes of the item in <c>size</c>.</param>
/// <param name="Output">Directory of the report.</param>
public sealed record BenchOptions(
    IReadOnlyList<string> Names, int Rounds, int Seconds, int Connections, int Buyers, int Orders, int OutageSeconds,
    IReadOnlyList<int> Holds, string Output)
{
    /// <summary>How many times more come than a closed loop serves, in <c>overload</c>.</summary>
    public double Times { get; init; } = 3;
}
