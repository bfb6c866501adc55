namespace Seckill.LoadTests.Bench;

/// <summary>One round of the end of many orders at once.</summary>
/// <param name="Orders">Orders that expired, each time.</param>
/// <param name="PersistedPerSecond">Orders from the queue into PostgreSQL, nothing else going on.</param>
/// <param name="ClosedPerSecond">Orders expired, their stock given back and marked, nothing else going on.</param>
/// <param name="AcceptedPerSecond">Accept rate of a running sale by itself.</param>
/// <param name="AcceptedMeanwhile">Accept rate of a running sale while as many orders were closed.</param>
/// <param name="ClosedMeanwhile">Orders closed per second while the sale was running.</param>
/// <param name="Violations">Broken promises, as sentences.</param>
public sealed record LifeRound(
    int Orders, double PersistedPerSecond, double ClosedPerSecond, double AcceptedPerSecond, double AcceptedMeanwhile,
    double ClosedMeanwhile, IReadOnlyList<string> Violations)
{
    private const double MinimumShareOfPersisting = 0.5;
    private const double MinimumShareOfAccepting = 0.8;

    /// <summary>The marks; none without rounds.</summary>
    public static IReadOnlyList<Bar> Bars(IReadOnlyList<LifeRound> rounds)
    {
        if (rounds.Count == 0)
        {
            return [];
        }

        var violations = rounds.Sum(round => round.Violations.Count);
        return
        [
            Bar("closing and returning ÷ persisting, orders", MinimumShareOfPersisting, rounds,
                round => round.ClosedPerSecond, round => round.PersistedPerSecond),
            Bar("accepts while closing ÷ accepts alone", MinimumShareOfAccepting, rounds,
                round => round.AcceptedMeanwhile, round => round.AcceptedPerSecond),
            new("broken promises while closing", "0", $"{violations}", violations == 0),
        ];
    }

    private static Bar Bar(
        string name, double needed, IReadOnlyList<LifeRound> rounds, Func<LifeRound, double> above, Func<LifeRound, double> below)
    {
        var ratio = Spread.Ratio([.. rounds.Select(above)], [.. rounds.Select(below)]);
        return new(
            name, FormattableString.Invariant($"≥ {needed}"),
            FormattableString.Invariant($"{ratio.Median:0.00} ({ratio.Minimum:0.00} to {ratio.Maximum:0.00})"), ratio.Median >= needed);
    }
}
