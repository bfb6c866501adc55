namespace Seckill.Shared.Stock;

/// <summary>The constant terms of a sale item.</summary>
/// <param name="Number">The first digits of its order ids.</param>
/// <param name="UnitPrice">Price of one unit, minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="OpensAt">Start of the sale window.</param>
/// <param name="ClosesAt">End of the sale window.</param>
public sealed record ItemTerms(string Number, long UnitPrice, string Currency, DateTimeOffset OpensAt, DateTimeOffset ClosesAt);
