namespace Seckill.Chaos.Invariants;

/// <summary>One promise, as something to compute from what a run left behind.</summary>
/// <param name="Name">As in the reports.</param>
/// <param name="Violations">What contradicts it, with the orders concerned; nothing when it holds.</param>
internal sealed record Invariant(string Name, Func<Evidence, IEnumerable<string>> Violations)
{
    private const int Shown = 5;

    /// <summary>All of them, in the order in which they say most about what went wrong.</summary>
    public static readonly IReadOnlyList<Invariant> All =
    [
        .. OrderInvariants.All, .. OperatorInvariants.All, .. StockInvariants.All, .. MoneyInvariants.All, .. EventInvariants.All,
        .. QueueInvariants.All, .. RestInvariants.All,
    ];

    /// <summary>Throws with the first that is broken.</summary>
    public static void CheckAll(Evidence evidence)
    {
        var broken = All.Select(invariant => (invariant.Name, Found: invariant.Violations(evidence).ToArray()))
            .Where(result => result.Found.Length > 0).ToArray();
        if (broken.Length > 0)
        {
            throw new InvariantException(broken[0].Name, string.Join('\n', broken.Select(result =>
                $"{result.Name}: {result.Found.Length} violations, for example\n  {string.Join("\n  ", result.Found.Take(Shown))}")));
        }
    }
}

/// <summary>A promise was broken.</summary>
/// <param name="invariant">Which.</param>
/// <param name="message">By what.</param>
internal sealed class InvariantException(string invariant, string message) : Exception(message)
{
    public string Invariant { get; } = invariant;
}
