namespace Seckill.Shared.Stock;

/// <summary>
/// The turn of a buyer in a waiting room, as reserve.lua gets it: when it began, Redis time in unix ms. A turn admits one order of each
/// item. Counted from the times of orders, so that a rebuild from PostgreSQL knows which turns are used.
/// </summary>
public static class BuyerTurn
{
    /// <summary>No pass is needed now.</summary>
    public const long NotNeeded = -1;

    /// <summary>The turn is over: the buyer may repeat an order, by its idempotency key, and makes none.</summary>
    public const long Over = 0;

    /// <summary>A turn whose beginning is unknown: it admits a buyer who has not ordered the item before.</summary>
    public const long Unknown = 1;
}
