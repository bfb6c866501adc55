using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Refunds;

/// <summary>Payments to refund.</summary>
internal static class RefundsFeature
{
    public static void MapRefunds(this WebApplication app) =>
        app.MapGet("/refunds", (NpgsqlDataSource database, CancellationToken cancellationToken) => database.QueryAsync<Refund>(
                "select payment_id, order_id, amount, currency, reason, created_at from refunds order by created_at desc limit 1000",
                null, cancellationToken))
            .WithMetadata(new RequiresOpsKey(), new OperationGroup("Refunds", "Money that must go back."))
            .WithName("listRefunds")
            .WithSummary("List payments to refund")
            .WithDescription("The newest thousand, each once. Sending the money back is the payment provider's task.")
            .ProducesProblems(401, 503);
}

/// <summary>A payment to refund.</summary>
/// <param name="PaymentId">The provider's id.</param>
/// <param name="OrderId">The order it was for.</param>
/// <param name="Amount">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="Reason">
/// <c>unknown-order</c>, <c>wrong-amount</c>, <c>already-paid</c>, <c>cancelled</c>, <c>expired</c> or <c>rejected</c>.
/// </param>
/// <param name="CreatedAt">UTC.</param>
public sealed record Refund(
    string PaymentId, string OrderId, long Amount, string Currency,
    [property: AllowedValues("unknown-order", "wrong-amount", "already-paid", "cancelled", "expired", "rejected")] string Reason,
    DateTimeOffset CreatedAt);
