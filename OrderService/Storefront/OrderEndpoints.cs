using System.Globalization;
using Seckill.OrderService.LegacyOrders.Reading;
using Seckill.OrderService.OrderEvents;
using Seckill.OrderService.Orders;
using Seckill.Shared.Http;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Storefront;

/// <summary>What became of an order, for its buyer, and its cancellation.</summary>
internal static class OrderEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/orders/{orderId}", FindAsync)
            .WithSummary("What became of an order")
            .WithDescription("For its owner alone; from the moment of the 202, on every instance.")
            .Produces<OrderView>()
            .ProducesProblems(401, 404, 429, 503);
        app.MapGet("/orders/{orderId}/events", FollowAsync)
            .WithSummary("What becomes of an order, as Server-Sent Events")
            .WithDescription(
                "The first status event is the present status; one follows for each change, until a final status. With Last-Event-ID "
                + "it goes on after what was seen; when that was final, 204 tells the client to stop.")
            .Produces<OrderView>(contentType: "text/event-stream")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(401, 404, 429, 503);
        app.MapPost("/orders/{orderId}/cancel", CancelAsync)
            .WithSummary("Cancel an order that is not paid")
            .WithDescription("Also while it is only reserved. Repeating it is 200. The units are for sale again within a second.")
            .Produces<OrderView>()
            .ProducesProblems(401, 404, 409, 429, 503);
    }

    internal static async Task<IResult> FindAsync(
        string orderId, HttpContext http, BuyerGuard guard, OrderReader orders, LegacyReads legacy, CancellationToken cancellationToken)
    {
        if (guard.Check(http, out var userId) is { } refusal)
        {
            return refusal;
        }

        var order = OrderId.IsValid(orderId) ? await orders.FindAsync(orderId, userId, cancellationToken) : null;
        return order is null
            ? Refusals.UnknownOrder
            : Results.Json(await legacy.ReadAsync(order, userId, cancellationToken), OrderJson.Default.OrderView);
    }

    private static async Task<IResult> FollowAsync(
        string orderId, HttpContext http, BuyerGuard guard, OrderReader orders, OrderEventHub events, CancellationToken cancellationToken)
    {
        if (guard.Check(http, out var userId) is { } refusal)
        {
            return refusal;
        }

        if (!OrderId.IsValid(orderId) || await orders.FindAsync(orderId, userId, cancellationToken) is not { } order)
        {
            return Refusals.UnknownOrder;
        }

        int? lastSeen = int.TryParse(
            http.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
        if (OrderEventStream.IsOver(lastSeen))
        {
            return Results.NoContent();
        }

        return events.Open(order) is { } stream ? new OrderEventStream(stream, lastSeen) : Refusals.TooManyStreams;
    }

    private static async Task<IResult> CancelAsync(
        string orderId, HttpContext http, BuyerGuard guard, OrderReader orders, PlacementOnDemand placement, OrderStore store,
        CancellationToken cancellationToken)
    {
        if (guard.Check(http, out var userId) is { } refusal)
        {
            return refusal;
        }

        if (!OrderId.IsValid(orderId) || await orders.FindAsync(orderId, userId, cancellationToken) is not { } order)
        {
            return Refusals.UnknownOrder;
        }

        if (order.Status == "reserved" && !await placement.PlaceIfReservedAsync(orderId, cancellationToken))
        {
            return PlacementOnDemand.TryAgain;
        }

        await store.TryCancelAsync(orderId, cancellationToken);
        order = await orders.FindAsync(orderId, userId, cancellationToken);
        return order?.Status == "cancelled" ? Results.Json(order, OrderJson.Default.OrderView) : Refusals.NotCancellable;
    }
}
