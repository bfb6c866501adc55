using System.Diagnostics.Metrics;
using Seckill.OrderService.Orders;
using Seckill.Shared.Http;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Payments;

/// <summary>
/// Where the payment provider tells of payments. It tells until it gets 200, so everything decided is 200. An id that names two
/// different payments is not decided: one of them may be money that nobody else knows of, so people must look.
/// </summary>
internal static class PaymentEndpoints
{
    private const int MaximumBodyBytes = 4096;
    private const int LongestId = 100;

    private static readonly Problem s_unauthenticated = new(
        StatusCodes.Status401Unauthorized, "unauthenticated", "This needs X-Signature over the body, no older than five minutes.");

    private static readonly Problem s_idReused = new(
        StatusCodes.Status422UnprocessableEntity, "payment-id-reused", "This paymentId came before with another order or amount.");

    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_payments =
        s_meter.CreateCounter<long>("seckill.payments", "{payment}", "Payments told by the provider, by what became of them.");

    public static void Map(IEndpointRouteBuilder app)
    {
        // What begins at one instead of nothing has not increased, for Prometheus.
        s_payments.Add(0, new KeyValuePair<string, object?>("outcome", "id-reused"));
        app.MapPost("/payments", ApplyAsync)
            .WithSummary("A payment, told by the payment provider")
            .WithDescription(
                "X-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of \"t.body\">. Idempotent by paymentId. A payment that cannot be "
                + "used (unknown order, wrong amount, order paid or closed) is listed for refund, and answered with 200 as well. "
                + "A paymentId that came before with another order or amount changes nothing and is 422.")
            .Accepts<Payment>("application/json")
            .Produces<PaymentAnswer>()
            .ProducesProblems(400, 401, 413, 415, 422, 503);
    }

    private static async Task<IResult> ApplyAsync(
        HttpContext http, PaymentSignature signature, PaymentStore payments, PlacementOnDemand placement,
        CancellationToken cancellationToken)
    {
        string? header = http.Request.Headers["X-Signature"];
        var (payment, problem) = await JsonBody.ReadAsync(
            http.Request,
            PaymentJson.Default.Payment,
            MaximumBodyBytes,
            cancellationToken,
            body => signature.Fits(header, body) ? null : s_unauthenticated);
        if (problem is not null)
        {
            return problem;
        }

        if (Check(payment!) is { Count: > 0 } errors)
        {
            return Problem.Invalid(errors);
        }

        // Not decided: the provider tells again, and by then the order has its row or is lost.
        if (OrderId.IsValid(payment!.OrderId!) && !await payments.OrderExistsAsync(payment.OrderId!, cancellationToken)
            && !await placement.PlaceIfReservedAsync(payment.OrderId!, cancellationToken))
        {
            return PlacementOnDemand.TryAgain;
        }

        var outcome = await payments.ApplyAsync(payment, cancellationToken) switch
        {
            PaymentOutcome.Accepted => "accepted",
            PaymentOutcome.Duplicate => "duplicate",
            PaymentOutcome.Refund => "refund",
            _ => "id-reused",
        };
        s_payments.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        return outcome == "id-reused" ? s_idReused : Results.Json(new PaymentAnswer(outcome), PaymentJson.Default.PaymentAnswer);
    }

    private static Dictionary<string, string> Check(Payment payment)
    {
        var errors = new Dictionary<string, string>();
        Rule("paymentId", IsVisible(payment.PaymentId), $"this must be 1 to {LongestId} visible ASCII characters");
        Rule("orderId", IsVisible(payment.OrderId), $"this must be 1 to {LongestId} visible ASCII characters");
        Rule("amount", payment.Amount is > 0, "this must be a positive integer, in minor units");
        Rule("currency", payment.Currency is { Length: 3 } code && code.All(char.IsAsciiLetterUpper),
            "this must be an ISO 4217 code in capital letters");
        return errors;

        void Rule(string field, bool holds, string otherwise)
        {
            if (!holds)
            {
                errors[field] = otherwise;
            }
        }
    }

    private static bool IsVisible(string? id) => id is { Length: > 0 and <= LongestId } && !id.AsSpan().ContainsAnyExceptInRange('!', '~');
}
