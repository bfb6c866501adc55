namespace Seckill.LoadTests.Books;

/// <summary>Everything that Redis holds about one item of a sale.</summary>
/// <param name="SkuId">The item.</param>
/// <param name="Available">Units that can still be reserved.</param>
/// <param name="Allocated">Units that Redis was given to sell.</param>
/// <param name="Held">Units in holds, as counted by the scripts.</param>
/// <param name="UnitsByUser">Units of each buyer.</param>
/// <param name="Holds">Live reservations: order id to user and units.</param>
/// <param name="Outbox">Order ids that are not yet known to be in PostgreSQL.</param>
public sealed record ItemStock(
    long SkuId,
    long Available,
    long Allocated,
    long Held,
    IReadOnlyDictionary<long, long> UnitsByUser,
    IReadOnlyDictionary<string, Hold> Holds,
    IReadOnlyList<string> Outbox);

/// <summary>One live reservation.</summary>
public readonly record struct Hold(long UserId, long Units);
