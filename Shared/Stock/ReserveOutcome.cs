namespace Seckill.Shared.Stock;

/// <summary>
/// Outcome of one request to reserve. The numbers up to <see cref="CoolingDown"/> are the hexadecimal digits of reserve.lua.
/// </summary>
public enum ReserveOutcome
{
    /// <summary>Units are held and the order is in the outbox, both durably.</summary>
    Reserved = 0,
    /// <summary>The same user, item and idempotency key already have this order.</summary>
    Replayed = 1,
    /// <summary>The user would hold more units of the item than the sale allows.</summary>
    LimitReached = 2,
    /// <summary>The idempotency key was used before with another quantity.</summary>
    KeyReused = 3,
    /// <summary>Before the sale window, by Redis time.</summary>
    NotOpen = 4,
    /// <summary>After the sale window, by Redis time, or closed by an operator.</summary>
    Closed = 5,
    /// <summary>Fewer units are left than requested.</summary>
    SoldOut = 6,
    /// <summary>Too many orders wait to be persisted.</summary>
    OutboxFull = 7,
    /// <summary>No such item in an opened sale.</summary>
    UnknownItem = 8,
    /// <summary>The turn that the buyer's pass stands for has its order of the item, or is over.</summary>
    PassUsed = 9,
    /// <summary>The user has made as many orders of the item as one may ever make, cancelled and expired ones included.</summary>
    OrdersUsedUp = 10,
    /// <summary>An order of the user was cancelled or expired a moment ago.</summary>
    CoolingDown = 11,
    /// <summary>Redis was not asked: too many requests wait, or the process stops.</summary>
    Busy = 12,
    /// <summary>Redis failed or was too slow. Units may or may not be held; a retry with the same key finds out.</summary>
    Unknown = 13,
}
