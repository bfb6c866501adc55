namespace Seckill.LoadTests.Books;

/// <summary>One thing that is wrong.</summary>
/// <param name="Kind">In which way.</param>
/// <param name="Detail">For people: which order, buyer or item, and what was expected.</param>
/// <param name="Amount">How much is wrong: units for oversold stock, otherwise 1.</param>
public sealed record Violation(ViolationKind Kind, string Detail, long Amount = 1);
