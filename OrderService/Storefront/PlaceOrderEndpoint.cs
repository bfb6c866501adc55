using System.Diagnostics;
using Microsoft.Extensions.ObjectPool;
using Microsoft.OpenApi;
using Seckill.OrderService.Reservations;
using Seckill.OrderService.WaitingRoom;

namespace Seckill.OrderService.Storefront;

/// <summary>
/// (1) A buyer's click. The hottest path of the system: from the connection to the batcher without an asynchronous method of its own,
/// short-circuited past the rest of the pipeline.
/// </summary>
internal sealed class PlaceOrderEndpoint(
    BuyerGuard guard, ReservationBatcher batcher, PlaceOrderAnswer answer, PassGate passes, IOptions<ReservationOptions> options)
{
    /// <summary>A pass as the documents show one.</summary>
    public const string SalePassExample = "AAABnZsy0fAAAAGdmzL5AAFWIcU-X1pt29DtaWNphakH9atLvG97jdKPXQtnEe39";

    private static readonly DescribedParameter s_pass = new(
        ParameterLocation.Header, SalePass.Header, "The pass of the sale's waiting room, if it has one.",
        () => new OpenApiSchema { Type = JsonSchemaType.String }, SalePassExample);

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
                s_pass,
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

        if (batcher.Find(order.Item) is not { Room: RoomPolicy.None } lane)
        {
            return ReserveAtRoomOrNewLaneAsync(http, order, trace);
        }

        var reservation = batcher.ReserveAsync(lane, order.UserId, order.Quantity, order.Key, http.RequestAborted);
        return reservation.IsCompletedSuccessfully
            ? answer.WriteAsync(http, order.Item, order.Quantity, reservation.Result, trace)
            : _waiting.Get().WaitAsync(http, order.Item, order.Quantity, reservation, trace);
    }

    private async Task ReserveAtRoomOrNewLaneAsync(HttpContext http, PlaceOrderRequest order, Activity? trace)
    {
        try
        {
            var lane = batcher.Find(order.Item) ?? await batcher.OpenAsync(order.Item);
            if (lane is null)
            {
                await answer.WriteAsync(http, order.Item, order.Quantity, new ReservationResult(ReserveOutcome.UnknownItem), trace);
                return;
            }

            var refusal = Check(http, lane, order, out var turn);
            if (refusal is null)
            {
                var result = await batcher.ReserveAsync(lane, order.UserId, order.Quantity, order.Key, http.RequestAborted, turn);
                if (lane.Room != RoomPolicy.None && result.Outcome
                    is ReserveOutcome.Reserved or ReserveOutcome.Replayed or ReserveOutcome.LimitReached or ReserveOutcome.PassUsed)
                {
                    passes.MarkUsed(order.UserId, order.Item.SaleId);
                }

                if (turn != BuyerTurn.Over || result.Outcome != ReserveOutcome.PassUsed)
                {
                    await answer.WriteAsync(http, order.Item, order.Quantity, result, trace);
                    return;
                }

                refusal = Refusals.PassExpired;
            }

            ReservationMetrics.OfSales.Refused.Add(1, new KeyValuePair<string, object?>("code", refusal.Code));
            await refusal.ExecuteAsync(http);
        }
#pragma warning disable CA1031 // Whatever fails, the buyer gets an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await ServiceHost.AnswerAsync(http, exception);
        }
    }

    private Problem? Check(HttpContext http, ItemLane lane, in PlaceOrderRequest order, out long turn)
    {
        turn = BuyerTurn.NotNeeded;
        if (lane.Room == RoomPolicy.None)
        {
            return null;
        }

        var state = passes.Check(http.Request.Headers[SalePass.Header], order.UserId, order.Item.SaleId, lane.Room, out turn);
        if (state == SalePassState.Expired && order.Key is not null)
        {
            // A retry after a timeout gets its order, however late it comes.
            (state, turn) = (SalePassState.Valid, BuyerTurn.Over);
        }

        return state switch
        {
            SalePassState.Valid => null,
            SalePassState.Expired => Refusals.PassExpired,
            _ => Refusals.PassRequired,
        };
    }
}
