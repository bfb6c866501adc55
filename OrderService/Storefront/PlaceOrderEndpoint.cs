using Microsoft.Extensions.ObjectPool;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Storefront;

/// <summary>
/// (1) A buyer's click. The hottest path of the system: from the connection to the batcher without an asynchronous method of its own,
/// short-circuited past the rest of the pipeline.
/// </summary>
internal sealed class PlaceOrderEndpoint(
    BuyerGuard guard, ReservationBatcher batcher, PlaceOrderAnswer answer, IOptions<ReservationOptions> options)
{
    private readonly ObjectPool<WaitingBuyer> _waiting = WaitingBuyer.NewPool(answer, options.Value.QueueCapacity);

    /// <summary>Maps <c>POST /orders</c>, past the rest of the pipeline.</summary>
    public static void Map(IEndpointRouteBuilder app) =>
        MapDirectly(app, "/orders", app.ServiceProvider.GetRequiredService<PlaceOrderEndpoint>().PlaceAsync)
            .WithName("placeOrder")
            .WithSummary("Reserve units for the buyer")
            .WithDescription(
                "Answers 202 once the units are held durably; the order expires at payBy. With an Idempotency-Key a retry gets the same "
                + "order, from any instance.")
            .WithMetadata(
                OrderEndpoints.Group, new TakesBuyerToken(), DescribedParameter.IdempotencyKey("a buyer's orders of the item", false),
                new DescribedHeader(202, "Location", "The order.", "/orders/000007d1f3a94c5e8b60271d9a4e6c35"))
            .Accepts<PlaceOrder>("application/json")
            .Produces<OrderAccepted>(StatusCodes.Status202Accepted)
            .ProducesProblems([.. Refusals.OfPlaceOrder]);

    /// <summary>Maps a handler of clicks.</summary>
    internal static RouteHandlerBuilder MapDirectly(IEndpointRouteBuilder app, string path, RequestDelegate handler)
    {
        // As a handler, so that it appears in the OpenAPI document; a RequestDelegate is called without any wrapping.
#pragma warning disable RDG002 // Nothing is generated for it, and nothing needs to be.
        var route = app.MapPost(path, (Delegate)handler);
#pragma warning restore RDG002
        route.ShortCircuit();
        return route;
    }

    /// <summary>Answers one click.</summary>
    public Task PlaceAsync(HttpContext http)
    {
        // Nearly always the body arrives with the headers, and then nothing has to wait for it.
        var reading = PlaceOrderRequest.ReadAsync(http, guard);
        return reading.IsCompletedSuccessfully ? ReserveAsync(http, reading.Result) : ReserveWhenReadAsync(http, reading);
    }

    private async Task ReserveWhenReadAsync(HttpContext http, ValueTask<PlaceOrderRequest> reading)
    {
        try
        {
            await ReserveAsync(http, await reading);
        }
#pragma warning disable CA1031 // Whatever fails, the buyer gets an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await ServiceHost.AnswerAsync(http, exception);
        }
    }

    private Task ReserveAsync(HttpContext http, in PlaceOrderRequest order)
    {
        var trace = BatchTrace.CurrentRequest;
        if (order.Refusal is { } refusal)
        {
            ReservationMetrics.OfSales.Refused.Add(1, new KeyValuePair<string, object?>("code", refusal.Code));
            return refusal.ExecuteAsync(http);
        }

        var reservation = batcher.ReserveAsync(order.Item, order.UserId, order.Quantity, order.Key, http.RequestAborted);
        return reservation.IsCompletedSuccessfully
            ? answer.WriteAsync(http, order.Item, order.Quantity, reservation.Result, trace)
            : _waiting.Get().WaitAsync(http, order.Item, order.Quantity, reservation, trace);
    }
}
