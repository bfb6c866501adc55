namespace Seckill.Shared.Stock;

/// <summary>The constant terms of a sale item.</summary>
/// <param name="Number">The first digits of its order ids.</param>
/// <param name="UnitPrice">Price of one unit, minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="OpensAt">Start of the sale window.</param>
/// <param name="ClosesAt">End of the sale window.</param>
/// <param name="PaymentTimeoutSeconds">How long an order waits for its payment.</param>
public sealed record ItemTerms(
    string Number, long UnitPrice, string Currency, DateTimeOffset OpensAt, DateTimeOffset ClosesAt, int PaymentTimeoutSeconds)
{
    /// <summary>
    /// Until when a reserved order is to be paid. Its row has the same time, unless it is placed late: see <c>pay_by</c> in
    /// 010_keys_and_rebuilds.sql.
    /// </summary>
    public static DateTimeOffset PayBy(DateTimeOffset reservedAt, int paymentTimeoutSeconds) =>
        reservedAt.AddSeconds(paymentTimeoutSeconds);
}
