using System.ComponentModel.DataAnnotations;
using Seckill.InventoryService.Operations;

namespace Seckill.InventoryService.Refunds;

/// <summary>Payments to refund: listed, and marked when the money is on its way back.</summary>
internal static class RefundsFeature
{
    internal const string Columns = "id, payment_id, order_id, amount, currency, reason, created_at, settled_at, settled_by, note, units";

    public static void AddRefunds(this WebApplicationBuilder builder) => builder.Services.AddSingleton<OrderRefunds>();

    public static void MapRefunds(this WebApplication app)
    {
        var refunds = app.MapGroup("/refunds").ForOperators(new OperationGroup("Refunds", "Money that must go back."));
        refunds.MapGet("", ListAsync)
            .WithName("listRefunds")
            .WithMetadata(DescribedHeader.NextPage)
            .WithSummary("List payments to refund")
            .WithDescription(
                "The newest first. Sending the money back is the payment provider's task. " + ListPage.Description
                + "the id of the last refund of the page before. settled=false leaves out those that are settled, "
                + "settled=true the others.")
            .Produces<IReadOnlyList<Refund>>()
            .ProducesProblems(400, 401, 503);
        refunds.MapPost("/{id:id}/settled", SettleAsync)
            .RecordsBefore(ReadAsync)
            .WithName("settleRefund")
            .WithSummary("Mark a refund as done")
            .WithDescription("After the provider sent the money back. May be repeated; the first mark stays. Changes nothing else.")
            .Produces<Refund>()
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.UnknownRefund);
        OrderRefundEndpoint.Map(app);
    }

    private static async Task<object?> ReadAsync(HttpContext http) =>
        (await http.RequestServices.GetRequiredService<NpgsqlDataSource>().QueryAsync<Refund>(
            $"select {Columns} from refunds where id = @id", new { id = IdConstraint.Of(http, "id") }, http.RequestAborted))
        .FirstOrDefault();

    private static Task<IResult> ListAsync(
        HttpContext http, NpgsqlDataSource database, CancellationToken cancellationToken,
        long? after = null, int? limit = null, bool? settled = null) =>
        ListPage.AnswerAsync<Refund>(
            http, limit,
            async size => await database.QueryAsync<Refund>(
                $"""
                select {Columns} from refunds
                where (@after::bigint is null or id < @after) and (@settled::boolean is null or (settled_at is not null) = @settled)
                order by id desc
                limit @size
                """,
                new { after, settled, size }, cancellationToken),
            refund => refund.Id);

    private static async Task<IResult> SettleAsync(
        long id, HttpContext http, NpgsqlDataSource database, CancellationToken cancellationToken) =>
        await database.QueryAsync<Refund>(
            $"""
            update refunds set settled_at = now(), settled_by = @by where id = @id and settled_at is null;
            select {Columns} from refunds where id = @id
            """,
            new { id, by = OperatorIdentity.Of(http).Name }, cancellationToken) is [var refund]
            ? Results.Json(refund) : Refusals.UnknownRefund;
}

/// <summary>A payment to refund.</summary>
/// <param name="Id">Of the refund.</param>
/// <param name="PaymentId">The provider's id.</param>
/// <param name="OrderId">The order it was for.</param>
/// <param name="Amount">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="Reason">
/// <c>unknown-order</c>, <c>wrong-amount</c>, <c>already-paid</c>, <c>cancelled</c>, <c>expired</c> or <c>rejected</c>: the payment could
/// not be used. <c>operator</c>: money of a paid order, which an operator sends back.
/// </param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="SettledAt">When it was marked as done, UTC; null while it waits.</param>
/// <param name="SettledBy">Who marked it: the name of the operator.</param>
/// <param name="Note">Why an operator sends it back, if they said so.</param>
/// <param name="Units">Units of the order that are for sale again with it.</param>
public sealed record Refund(
    long Id, string PaymentId, string OrderId, long Amount, string Currency,
    [property: AllowedValues("unknown-order", "wrong-amount", "already-paid", "cancelled", "expired", "rejected", "operator")]
    string Reason,
    DateTimeOffset CreatedAt, DateTimeOffset? SettledAt, string? SettledBy, string? Note, [property: AtLeast(0)] int Units);
