using Seckill.InventoryService.Operations;

namespace Seckill.InventoryService.Quarantine;

/// <summary>Orders that could not be persisted: an operator inspects and replays them.</summary>
internal static class QuarantineFeature
{
    public static void MapQuarantine(this WebApplication app)
    {
        var ops = app.MapGroup("").ForOperators(new OperationGroup("Quarantine", "Orders that could not be persisted."));
        ops.MapGet("/quarantine", ListAsync)
            .WithName("listQuarantine")
            .WithMetadata(DescribedHeader.NextPage)
            .WithSummary("List orders that could not be persisted")
            .WithDescription("The newest first, each with the reason. " + ListPage.Description + "a number from there.")
            .Produces<IReadOnlyList<QuarantinedOrder>>()
            .ProducesProblems(400, 401, 503);
        ops.MapPost("/quarantine/{orderId}/replay", ReplayAsync)
            .RecordsBefore(async http => (await ReadAsync(
                http.RequestServices.GetRequiredService<NpgsqlDataSource>(), (string)http.Request.RouteValues["orderId"]!, null, 1,
                http.RequestAborted)).FirstOrDefault())
            .WithName("replayOrder")
            .WithSummary("Retry to persist an order")
            .WithDescription("Publishes the order again. It leaves the list if it can be persisted now.")
            .Produces(StatusCodes.Status202Accepted)
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.NotQuarantined);
    }

    private static Task<IResult> ListAsync(
        HttpContext http, NpgsqlDataSource database, CancellationToken cancellationToken, long? after = null, int? limit = null) =>
        ListPage.AnswerAsync<QuarantinedOrder>(
            http, limit, async size => await ReadAsync(database, null, after, size, cancellationToken), order => order.Id);

    private static async Task<IResult> ReplayAsync(
        string orderId, NpgsqlDataSource database, OrdersReservedPublisher publisher, CancellationToken cancellationToken)
    {
        if (await ReadAsync(database, orderId, null, 1, cancellationToken) is not [var order])
        {
            return Refusals.NotQuarantined;
        }

        // The row stays in case the order fails again. The list omits orders that have an order row.
        await publisher.PublishAsync(new OrdersReserved(
            order.SaleId, order.SkuId, order.UnitPrice, order.Currency,
            [
                new ReservedOrder(order.OrderId, order.UserId, order.Quantity, order.ReservedAt)
                {
                    IdempotencyKey = order.IdempotencyKey,
                },
            ]));
        return Results.Accepted();
    }

    private static Task<List<QuarantinedOrder>> ReadAsync(
        NpgsqlDataSource database, string? orderId, long? after, int limit, CancellationToken cancellationToken) =>
        database.QueryAsync<QuarantinedOrder>(
            """
            select order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, reserved_at, error, quarantined_at,
              idempotency_key, id
            from quarantined_orders q
            where (@orderId::text is null or order_id = @orderId) and (@after::bigint is null or id < @after)
              and not exists (select from orders o where o.order_id = q.order_id)
            order by id desc
            limit @limit
            """,
            new { orderId, after, limit }, cancellationToken);
}

/// <summary>An order that could not be persisted.</summary>
/// <param name="OrderId">32 hex digits.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="ReservedAt">UTC.</param>
/// <param name="Error">The error of PostgreSQL.</param>
/// <param name="QuarantinedAt">UTC.</param>
/// <param name="IdempotencyKey">Of the request, if it had one.</param>
/// <param name="Id">Counts the orders that came into quarantine.</param>
public sealed record QuarantinedOrder(
    string OrderId, long SaleId, long SkuId, long UserId, int Quantity, long UnitPrice, string Currency,
    DateTimeOffset ReservedAt, string Error, DateTimeOffset QuarantinedAt, [property: JsonIgnore] string? IdempotencyKey,
    [property: JsonIgnore] long Id);
