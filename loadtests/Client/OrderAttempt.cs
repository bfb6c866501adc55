namespace Seckill.LoadTests.Client;

/// <summary>One entry of the client's own log: what was asked, where, when, and what came back.</summary>
/// <param name="UserId">The buyer.</param>
/// <param name="Request">What they asked for.</param>
/// <param name="Key">The Idempotency-Key, or null when none was sent.</param>
/// <param name="Api">Index of the API instance that was asked.</param>
/// <param name="StartedAt">Stopwatch timestamp before the request was sent.</param>
/// <param name="EndedAt">Stopwatch timestamp after the answer was read.</param>
/// <param name="Answer">The answer that the buyer got.</param>
public sealed record OrderAttempt(
    long UserId,
    OrderRequest Request,
    string? Key,
    int Api,
    long StartedAt,
    long EndedAt,
    OrderAnswer Answer)
{
    /// <summary>What was asked for.</summary>
    public long SkuId => Request.Item.SkuId;

    /// <summary>Units asked for.</summary>
    public int Quantity => Request.Quantity;
}
