using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Seckill.OrderService.LegacyOrders.Reading;
using Seckill.OrderService.OrderEvents;
using Seckill.OrderService.Orders;

namespace Seckill.OrderService.Storefront;

/// <summary>An order for its buyer: read it, follow it, cancel it.</summary>
internal static class OrderEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/orders")
            .AddEndpointFilter(app.ServiceProvider.GetRequiredService<BuyerGuard>())
            .ProducesProblems(401, 429, 503)
            .ProducesProblems(Refusals.UnknownOrder);
        orders.MapGet("/{orderId}", FindAsync)
            .WithSummary("Read an order")
            .WithDescription("For its owner only; from the moment of the 202, on every instance.")
            .Produces<OrderView>();
        orders.MapGet("/{orderId}/events", FollowAsync)
            .WithSummary("Follow an order, as Server-Sent Events")
            .WithDescription(
                "The first status event is the current status; one follows for each change, until a final status. With Last-Event-ID "
                + "the stream continues after that event; if it was final, 204 tells the client to stop.")
            .Produces<OrderView>(contentType: "text/event-stream");
        orders.MapPost("/{orderId}/cancel", CancelAsync)
            .WithSummary("Cancel an order that is not paid")
            .WithDescription("Also while it is only reserved. Repeating it gets 200. The units are for sale again within a second.")
            .Produces<OrderView>()
            .ProducesProblems(Refusals.NotCancellable);
    }

    private static async Task<Results<JsonHttpResult<OrderView>, Problem>> FindAsync(
        string orderId, HttpContext http, OrderReader orders, LegacyReads legacy, CancellationToken cancellationToken)
    {
        var userId = BuyerGuard.UserOf(http);
        var order = OrderId.IsValid(orderId) ? await orders.FindAsync(orderId, userId, cancellationToken) : null;
        return order is null ? Refusals.UnknownOrder : Json(await legacy.ReadAsync(order, userId, cancellationToken));
    }

    private static async Task<Results<OrderEventStream, NoContent, Problem>> FollowAsync(
        string orderId, HttpContext http, OrderReader orders, OrderEventHub events, CancellationToken cancellationToken)
    {
        if (!OrderId.IsValid(orderId)
            || await orders.FindAsync(orderId, BuyerGuard.UserOf(http), cancellationToken) is not { } order)
        {
            return Refusals.UnknownOrder;
        }

        int? lastSeen = int.TryParse(
            http.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
        if (OrderEventStream.IsOver(lastSeen))
        {
            return TypedResults.NoContent();
        }

        return events.Open(order) is { } stream ? new OrderEventStream(stream, lastSeen) : Refusals.TooManyStreams;
    }

    private static async Task<Results<JsonHttpResult<OrderView>, Problem>> CancelAsync(
        string orderId, HttpContext http, OrderReader orders, PlacementOnDemand placement, OrderClosing closing,
        CancellationToken cancellationToken)
    {
        var userId = BuyerGuard.UserOf(http);
        if (!OrderId.IsValid(orderId) || await orders.FindAsync(orderId, userId, cancellationToken) is not { } order)
        {
            return Refusals.UnknownOrder;
        }

        if (order.Status == OrderStatus.Reserved && !await placement.PlaceIfReservedAsync(orderId, cancellationToken))
        {
            return PlacementOnDemand.TryAgain;
        }

        var isCancelled = await closing.TryCancelAsync(orderId, cancellationToken);
        // While PostgreSQL is slow, what is found is the hold in Redis: it does not contradict the row, which has just decided.
        return await orders.FindAsync(orderId, userId, cancellationToken) switch
        {
            { Status: OrderStatus.Cancelled } now => Json(now),
            _ when isCancelled => Json(order with { Status = OrderStatus.Cancelled }),
            { Status: OrderStatus.Reserved } => PlacementOnDemand.TryAgain,
            _ => Refusals.NotCancellable,
        };
    }

    private static JsonHttpResult<OrderView> Json(OrderView order) => TypedResults.Json(order, OrderJson.Default.OrderView);
}
