using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Demo;

/// <summary>One buyer and everything they will do, decided before the sale opens.</summary>
/// <param name="UserId">Positive.</param>
/// <param name="Authorization">The whole header value with the signed token.</param>
/// <param name="Clicks">In order; the next one waits for the answer to the one before.</param>
public sealed record DemoBuyer(long UserId, string Authorization, IReadOnlyList<Click> Clicks);

/// <summary>One intended order.</summary>
/// <param name="Request">What is asked for.</param>
/// <param name="Key">Idempotency-Key; the same key again is a retry of the same click. Null sends none.</param>
public readonly record struct Click(OrderRequest Request, string? Key);
