using System.Globalization;
using System.Text;
using Seckill.Shared.Security;

namespace Seckill.LoadTests.Client;

/// <summary>What the payment provider sends for an order, signed now.</summary>
/// <param name="Headers">The signature.</param>
/// <param name="Body">JSON.</param>
public sealed record PaymentNotification(IReadOnlyList<(string Name, string Value)> Headers, byte[] Body)
{
    /// <summary>The path that takes it.</summary>
    public const string Path = "payments";

    /// <summary>A notification of any payment for an order.</summary>
    /// <param name="orderId">The order.</param>
    /// <param name="paymentId">The provider's id.</param>
    /// <param name="amount">Minor units.</param>
    /// <param name="currency">ISO 4217 code.</param>
    /// <param name="key">Of the provider.</param>
    public static PaymentNotification Sign(string orderId, string paymentId, long amount, string currency, string key)
    {
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"paymentId":"{{paymentId}}","orderId":"{{orderId}}","amount":{{amount}},"currency":"{{currency}}"}""");
        var signature = new PaymentSignature(key, TimeProvider.System).Sign(body);
        return new PaymentNotification([(PaymentSignature.Header, signature)], Encoding.UTF8.GetBytes(body));
    }
}
