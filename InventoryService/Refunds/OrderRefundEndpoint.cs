using Seckill.InventoryService.Operations;

namespace Seckill.InventoryService.Refunds;

/// <summary>The refund of a paid order, in full or in part.</summary>
internal static class OrderRefundEndpoint
{
    private const int MaximumBodyBytes = 4_096;
    private const int LongestNote = 500;

    public static void Map(IEndpointRouteBuilder app) =>
        app.MapPost("/orders/{orderId}/refund", RefundAsync)
            .WithName("refundOrder")
            .ForOperators(new OperationGroup("Refunds", "Money that must go back."))
            .WithMetadata(
                DescribedParameter.IdempotencyKey("the order", isRequired: true))
            .WithSummary("Send money of a paid order back")
            .WithDescription(
                "Lists a refund of the amount, or of all that is left. The refunds of an order are at most what was paid. The order stays "
                + "paid. With units, so many of them are for sale again, together at most as many as the order has; without, they stay "
                + "sold. Sending the money is the payment provider's task.")
            .Accepts<RefundOrder>("application/json")
            .Produces<Refund>()
            .ProducesProblems(400, 401, 408, 413, 415, 503)
            .ProducesProblems(Refusals.UnknownOrder, Refusals.NotPaid, Refusals.RefundTooLarge, Refusals.SaleArchived,
                Refusals.KeyReused);

    private static async Task<IResult> RefundAsync(
        string orderId, HttpRequest request, OrderRefunds refunds, CancellationToken cancellationToken)
    {
        if (IdempotencyKey.Read(request, out var key) is { } badKey)
        {
            return badKey;
        }

        var (refund, problem) = await JsonBody.ReadAsync(request, RefundJson.Default.RefundOrder, MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (key is null)
        {
            return Problem.Invalid("Idempotency-Key", "this header is required");
        }

        if (refund!.Amount is <= 0)
        {
            return Problem.Invalid("amount", "this must be a positive integer, in minor units, or absent");
        }

        if (refund.Units is < 0)
        {
            return Problem.Invalid("units", "this must be a number of units, 0 or more, or absent");
        }

        if (refund.Note is { } note && (note.Length > LongestNote || note.Any(char.IsControl)))
        {
            return Problem.Invalid("note", $"this must have at most {LongestNote} characters, none of them a control character");
        }

        if (!OrderId.IsValid(orderId))
        {
            return Refusals.UnknownOrder;
        }

        var (outcome, listed) = await refunds.RefundAsync(orderId, key, refund, cancellationToken);
        return outcome switch
        {
            OrderRefundOutcome.UnknownOrder => Refusals.UnknownOrder,
            OrderRefundOutcome.NotPaid => Refusals.NotPaid,
            OrderRefundOutcome.TooLarge => Refusals.RefundTooLarge,
            OrderRefundOutcome.SaleArchived => Refusals.SaleArchived,
            OrderRefundOutcome.KeyReused => Refusals.KeyReused,
            _ => Results.Json(listed),
        };
    }
}
