namespace Seckill.Shared.Stock;

/// <summary>One sale item in Redis at one instant.</summary>
/// <param name="Now">Redis time.</param>
/// <param name="Available">Units for sale.</param>
/// <param name="Held">Units in live reservations.</param>
/// <param name="Allocated">Units given to the sale.</param>
/// <param name="Number">First digits of the item's order ids.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="OpensAt">Start of the window.</param>
/// <param name="ClosesAt">End of the window.</param>
/// <param name="State">Open, closed by an operator, or lost.</param>
/// <param name="LimitPerUser">Maximum number of units a user may hold.</param>
/// <param name="PaymentTimeoutSeconds">How long an order waits for its payment.</param>
/// <param name="OutboxDepth">Orders not yet known to be in PostgreSQL.</param>
public sealed record ItemSnapshot(
    DateTimeOffset Now,
    int Available,
    int Held,
    int Allocated,
    string Number,
    long UnitPrice,
    string Currency,
    DateTimeOffset OpensAt,
    DateTimeOffset ClosesAt,
    ItemState State,
    int LimitPerUser,
    int PaymentTimeoutSeconds,
    long OutboxDepth)
{
    /// <summary>Counts the rebuilds: 1 before the first. Below the value of PostgreSQL, Redis is older than a rebuild.</summary>
    public int Epoch { get; init; } = 1;

    /// <summary>Version of the sale's state that the item has.</summary>
    public long StateVersion { get; init; }

    /// <summary>Whether orders need a pass.</summary>
    public RoomPolicy Room { get; init; }

    /// <summary>Maximum number of orders that a user may ever make, cancelled and expired ones included; 0 for any number.</summary>
    public int OrdersPerUser { get; init; }

    /// <summary>How long after an order was cancelled or expired its user may not order again; 0 for no time.</summary>
    public int CoolDownSeconds { get; init; }

    /// <summary>Whether price, limit, window and the like are those of the sale's row, compared in the milliseconds of Redis.</summary>
    public bool HasTermsOf(ItemSnapshot planned) =>
        (Number, UnitPrice, Currency, LimitPerUser, PaymentTimeoutSeconds, OrdersPerUser, CoolDownSeconds)
            == (planned.Number, planned.UnitPrice, planned.Currency, planned.LimitPerUser, planned.PaymentTimeoutSeconds,
                planned.OrdersPerUser, planned.CoolDownSeconds)
        && OpensAt.ToUnixTimeMilliseconds() == planned.OpensAt.ToUnixTimeMilliseconds()
        && ClosesAt.ToUnixTimeMilliseconds() == planned.ClosesAt.ToUnixTimeMilliseconds();

    /// <summary>Units returned so far.</summary>
    public long Released { get; init; }

    /// <summary>Counts the changes. Below the value of PostgreSQL, Redis has lost writes. 0: only an older version made any.</summary>
    public long Seq { get; init; }

    /// <summary>Repairs so far; a difference is applied only if no other repair came first.</summary>
    public long Repairs { get; init; }
}
