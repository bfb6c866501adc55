using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;
using Seckill.OrderService.Orders;

namespace Seckill.OrderService.Payments;

/// <summary>
/// Payment notifications from the payment provider. It retries until it gets 200, so every decided payment gets 200. An id that
/// names two different payments is not decided: one of them may be money that is recorded nowhere else, so a person must check.
/// </summary>
internal static class PaymentEndpoints
{
    private const int MaximumBodyBytes = 4096;
    private const int LongestId = 100;

    private static readonly Problem s_unauthenticated = new(
        StatusCodes.Status401Unauthorized, "unauthenticated", "X-Signature over the body is required, no older than five minutes.");

    private static readonly Problem s_idReused = new(
        StatusCodes.Status422UnprocessableEntity, "payment-id-reused", "This paymentId was used before with another order or amount.");

    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_payments =
        s_meter.CreateCounter<long>("seckill.payments", "{payment}", "Payments reported by the provider, by outcome.");

    private static readonly Counter<long> s_refused = s_meter.CreateCounter<long>(
        "seckill.payments.refused", "{call}", "Calls whose signature was refused, by reason; nothing was done.");

    public static void Map(IEndpointRouteBuilder app)
    {
        // Prometheus sees no increase in a counter that first appears with the value 1.
        s_payments.Add(0, new KeyValuePair<string, object?>("outcome", TextOf(PaymentOutcome.IdReused)));
        foreach (var reason in Enum.GetValues<SignatureOutcome>().Where(reason => reason != SignatureOutcome.Valid))
        {
            s_refused.Add(0, Reason(reason));
        }

        app.MapPost("/payments", ApplyAsync)
            .WithName("reportPayment")
            .WithSummary("Report a payment (payment provider)")
            .WithMetadata(
                new OperationGroup("Payments", "What the payment provider calls."), new RequiresPaymentSignature(),
                new DescribedParameter(
                    ParameterLocation.Header, PaymentSignature.Header,
                    "t=<unix seconds>,v1=<hex HMAC-SHA256 of \"t.body\">; several v1 while the key is changed.",
                    () => new OpenApiSchema { Type = JsonSchemaType.String }, $"t=1795770000,v1={new string('0', 64)}", IsRequired: true))
            .WithDescription(
                "Idempotent by paymentId. A payment that cannot be "
                + "used (unknown order, wrong amount, order paid or closed) is listed for refund and also gets 200. "
                + "A paymentId that was used before with another order or amount changes nothing and gets 422. While operators must "
                + "decide about the order (quarantine, or Redis lost data) the answer is 503: retry. Members that are not described "
                + "here are ignored.")
            .Accepts<Payment>("application/json")
            .Produces<PaymentAnswer>()
            .ProducesProblems(400, 401, 408, 413, 415, 503)
            .ProducesProblems(s_idReused);
    }

    private static async Task<Results<JsonHttpResult<PaymentAnswer>, Problem>> ApplyAsync(
        HttpContext http, PaymentSignature signature, PaymentStore payments, PlacementOnDemand placement,
        CancellationToken cancellationToken)
    {
        string? header = http.Request.Headers[PaymentSignature.Header];
        var (payment, problem) = await JsonBody.ReadAsync(
            http.Request, PaymentJson.Default.Payment, MaximumBodyBytes, cancellationToken, body => Refuse(signature.Check(header, body)));
        if (problem is not null)
        {
            return problem;
        }

        if (Check(payment!) is { Count: > 0 } errors)
        {
            return Problem.Invalid(errors);
        }

        // Not decided: the provider retries, and then the order has its row, or an operator has decided, or it is lost.
        if (OrderId.IsValid(payment!.OrderId!) && !await payments.OrderExistsAsync(payment.OrderId!, cancellationToken)
            && !await placement.PlaceIfReservedAsync(payment.OrderId!, cancellationToken))
        {
            return PlacementOnDemand.TryAgain;
        }

        var outcome = await payments.ApplyAsync(payment, cancellationToken);
        s_payments.Add(1, new KeyValuePair<string, object?>("outcome", TextOf(outcome)));
        return outcome == PaymentOutcome.IdReused
            ? s_idReused
            : TypedResults.Json(new PaymentAnswer(TextOf(outcome)), PaymentJson.Default.PaymentAnswer);
    }

    private static Problem? Refuse(SignatureOutcome outcome)
    {
        if (outcome == SignatureOutcome.Valid)
        {
            return null;
        }

        s_refused.Add(1, Reason(outcome));
        return s_unauthenticated;
    }

    private static KeyValuePair<string, object?> Reason(SignatureOutcome outcome) => new("reason", TextOf(outcome));

    private static string TextOf<T>(T outcome)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(outcome.ToString());

    /// <summary>What is wrong with a payment, by member.</summary>
    internal static Dictionary<string, string> Check(Payment payment) =>
        new (string Field, bool Holds, string Otherwise)[]
        {
            ("paymentId", IsValidId(payment.PaymentId), $"this must be 1 to {LongestId} visible ASCII characters"),
            ("orderId", IsValidId(payment.OrderId), $"this must be 1 to {LongestId} visible ASCII characters"),
            ("amount", payment.Amount is > 0, "this must be a positive integer, in minor units"),
            ("currency", payment.Currency is { Length: 3 } code && code.All(char.IsAsciiLetterUpper),
                "this must be an ISO 4217 code in capital letters"),
        }.Where(rule => !rule.Holds).ToDictionary(rule => rule.Field, rule => rule.Otherwise);

    private static bool IsValidId(string? id) => id is { Length: > 0 and <= LongestId } && !id.AsSpan().ContainsAnyExceptInRange('!', '~');
}
