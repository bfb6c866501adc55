namespace Seckill.OrderService.Identity;

/// <summary>The buyer that a token names, or its fault.</summary>
/// <param name="Fault">Null for a valid token.</param>
/// <param name="UserId">Positive, for a valid token.</param>
/// <param name="ExpiresAt">Unix seconds.</param>
internal readonly record struct VerifiedToken(TokenFault? Fault, long UserId = 0, double ExpiresAt = 0);
