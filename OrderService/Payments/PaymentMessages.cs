using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Payments;

/// <summary>A payment that the payment provider has taken.</summary>
/// <param name="PaymentId">The provider's id, 1 to 100 visible ASCII characters.</param>
/// <param name="OrderId">The order that it pays.</param>
/// <param name="Amount">Minor units of <paramref name="Currency"/>, at least 1.</param>
/// <param name="Currency">ISO 4217 code.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record Payment(
    [property: RegularExpression("^[!-~]{1,100}$")] string? PaymentId, [property: RegularExpression("^[!-~]{1,100}$")] string? OrderId,
    [property: AtLeast(1)] long? Amount, [property: RegularExpression("^[A-Z]{3}$")] string? Currency);

/// <summary>The outcome.</summary>
/// <param name="Outcome"><c>accepted</c>, <c>duplicate</c> (this payment was reported before) or <c>refund</c>.</param>
public sealed record PaymentAnswer([property: AllowedValues("accepted", "duplicate", "refund")] string Outcome);

// Members that a provider adds are ignored: the signature covers them, and a refusal would stop all payments on the day they appear.
// docs/decisions/0045 has the reasons.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(Payment))]
[JsonSerializable(typeof(PaymentAnswer))]
internal sealed partial class PaymentJson : JsonSerializerContext;
