namespace Seckill.LoadTests.Client;

/// <summary>A user with a token.</summary>
/// <param name="UserId">Positive.</param>
/// <param name="Authorization">The whole header value with the signed token.</param>
public sealed record Buyer(long UserId, string Authorization);
