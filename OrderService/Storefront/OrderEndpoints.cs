using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;
using Seckill.OrderService.LegacyOrders.Reading;
using Seckill.OrderService.OrderEvents;
using Seckill.OrderService.Orders;
using Seckill.OrderService.Overload;

namespace Seckill.OrderService.Storefront;

/// <summary>An order for its buyer: read it, follow it, cancel it.</summary>
internal static class OrderEndpoints
{
    private static readonly DescribedParameter s_lastEventId = new(
        ParameterLocation.Header, "Last-Event-ID", "The id of the last event that the client saw: 1 reserved, 2 placed, 3 final.",
        () => new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1" }, "1");

    /// <summary>The group of all that buyers do with orders.</summary>
    public static OperationGroup Group { get; } = new("Orders", "What a buyer does: order, look, follow, cancel.");

    public static void Map(IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/orders").WithMetadata(Group, new TakesBuyerToken())
            .ProducesProblems(401, 429, 503)
            .ProducesProblems(Refusals.UnknownOrder);
        var polls = orders.MapGroup("").ShedAs(app, RequestClass.OwnOrder);
        polls.MapGet("/{orderId}/events", FollowAsync)
            .AddEndpointFilter(app.ServiceProvider.GetRequiredService<StreamGuard>())
            .WithName("followOrder")
            .WithSummary("Follow an order, as Server-Sent Events")
            .WithDescription(
                "The first status event is the current status; one follows for each change, until a final status. With Last-Event-ID "
                + "the stream continues after that event; if it was final, 204 tells the client to stop. A stream ends with the "
                + "token; of more than three of an order, or ten of a buyer, the oldest ends. The schema is that of the data of an event.")
            .WithMetadata(new TakesStreamTicket(), s_lastEventId)
            .Produces<OrderView>(contentType: "text/event-stream");
        var guard = app.ServiceProvider.GetRequiredService<BuyerGuard>();
        polls.MapGet("/{orderId}", FindAsync)
            .AddEndpointFilter(guard)
            .WithName("getOrder")
            .WithSummary("Read an order")
            .WithDescription("For its owner only; from the moment of the 202, on every instance.")
            .Produces<OrderView>();
        polls.MapPost("/{orderId}/stream-ticket", IssueTicketAsync)
            .AddEndpointFilter(guard)
            .WithName("createStreamTicket")
            .WithSummary("Get a ticket for the event stream of an order")
            .WithDescription(
                "For EventSource, which sends no headers: open /orders/{orderId}/events?ticket=… with it. It is valid for a minute, for "
                + "this order and this endpoint only. A stream that is open ends with the token; to open it again, get another ticket.")
            .Produces<StreamTicketView>(StatusCodes.Status201Created);
        // Not among those that are shed: units that come back serve the crowd.
        orders.MapPost("/{orderId}/cancel", CancelAsync)
            .AddEndpointFilter(guard)
            .WithName("cancelOrder")
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

    private static async Task<Results<JsonHttpResult<StreamTicketView>, Problem>> IssueTicketAsync(
        string orderId, HttpContext http, OrderReader orders, StreamTicket tickets, CancellationToken cancellationToken)
    {
        var userId = BuyerGuard.UserOf(http);
        if (!OrderId.IsValid(orderId) || await orders.FindAsync(orderId, userId, cancellationToken) is null)
        {
            return Refusals.UnknownOrder;
        }

        var (ticket, expiresAt) = tickets.Issue(userId, orderId, BuyerGuard.ExpiryOf(http));
        return TypedResults.Json(
            new StreamTicketView(ticket, expiresAt), StorefrontJson.Default.StreamTicketView, statusCode: StatusCodes.Status201Created);
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

        return events.Open(order, BuyerGuard.UserOf(http), BuyerGuard.ExpiryOf(http)) is { } stream
            ? new OrderEventStream(stream, lastSeen) : Refusals.TooManyStreams;
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
