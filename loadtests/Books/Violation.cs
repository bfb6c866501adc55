namespace Seckill.LoadTests.Books;

/// <summary>One broken promise or equation.</summary>
/// <param name="Kind">What is broken.</param>
/// <param name="Detail">Names the order, buyer or item, and what was expected.</param>
/// <param name="Amount">Orders or units concerned.</param>
public sealed record Violation(ViolationKind Kind, string Detail, long Amount = 1);

/// <summary>The ways in which a sale can be wrong. Each has a row in the result and turns the exit code.</summary>
public enum ViolationKind
{
    /// <summary>A buyer was promised an order that is neither in PostgreSQL nor in quarantine.</summary>
    Lost,

    /// <summary>One click became two orders, or two clicks share one.</summary>
    Duplicate,

    /// <summary>More units promised or live than allocated.</summary>
    Oversold,

    /// <summary>One user has more units of an item than the limit allows.</summary>
    LimitExceeded,

    /// <summary>An order in PostgreSQL without a promise and without an unknown outcome that explains it.</summary>
    Unexpected,

    /// <summary>An order row that differs from what the buyer was promised, or was rejected after the promise.</summary>
    Altered,

    /// <summary>A documented answer that was wrong for this buyer at this moment.</summary>
    WrongAnswer,

    /// <summary>A status, code or body that the contract does not have.</summary>
    Undocumented,

    /// <summary>An equation between Redis, PostgreSQL and the ledger that does not hold.</summary>
    Unbalanced,
}
