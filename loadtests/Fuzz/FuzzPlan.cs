namespace Seckill.Fuzz;

/// <summary>What a run does.</summary>
/// <param name="Seed">Makes the cases.</param>
/// <param name="First">Number of the first case, from 1.</param>
/// <param name="Last">Number of the last case.</param>
/// <param name="Limit">Ends the run earlier.</param>
/// <param name="FirstSaleId">Ids of sales from this one on are not in use.</param>
internal sealed record FuzzPlan(int Seed, int First, int Last, TimeSpan Limit, long FirstSaleId);

/// <summary>What became of a run.</summary>
internal sealed record FuzzResult(IReadOnlyList<Finding> Findings, int Cases, Tally Tally);
