using System.Diagnostics;
using Microsoft.Extensions.ObjectPool;
using Microsoft.OpenApi;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Reservations;
using Seckill.OrderService.WaitingRoom;

namespace Seckill.OrderService.Storefront;

/// <summary>
/// (1) A buyer's click. The hottest path of the system: from the connection to the batcher without an asynchronous method of its own,
/// short-circuited past the rest of the pipeline.
/// </summary>
internal sealed class PlaceOrderEndpoint(
    BuyerGuard guard, ReservationBatcher batcher, PlaceOrderAnswer answer, PassGate passes, OverloadController overload,
    IOptions<ReservationOptions> options)
{
    /// <summary>A pass as the documents show one.</summary>
    public const string SalePassExample = "AAABnZsy0fAAAAGdmzL5AAFWIcU-X1pt29DtaWNphakH9atLvG97jdKPXQtnEe39";

    private static readonly DescribedParameter s_pass = new(
        ParameterLocation.Header, SalePass.Header, "The pass of the sale's waiting room, if it has one.",
        () => new OpenApiSchema { Type = JsonSchemaType.String }, SalePassExample);

    private readonly ObjectPool<WaitingBuyer> _waiting = WaitingBuyer.NewPool(answer, overload, options.Value.QueueCapacity);

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
        // Before its token and body are read. A retry and a pass are known only afterwards.
        if (!overload.Admits(RequestClass.NewClick) && !MayBeOfEarlierClass(http.Request.Headers))
        {
            return ShedAsync(http, RequestClass.NewClick);
        }

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
            return RefuseAsync(http, refusal);
        }

        if (batcher.Find(order.Item) is not { Room: RoomPolicy.None } lane)
        {
            return ReserveAtRoomOrNewLaneAsync(http, order, trace);
        }

        if (batcher.Refuse(lane, order.UserId, order.Key) is { } outcome)
        {
            return answer.WriteAsync(http, order.Item, order.Quantity, new ReservationResult(outcome), trace);
        }

        var kind = RequestClass.NewClick;
        if (!overload.Admits(kind) && !overload.Admits(kind = ClassOf(order, lane, BuyerTurn.NotNeeded)))
        {
            return ShedAsync(http, kind);
        }

        Enter(order);
        return _waiting.Get().WaitAsync(
            http, order.Item, order.Quantity,
            batcher.QueueAsync(lane, order.UserId, order.Quantity, order.Key, http.RequestAborted), trace);
    }

    private async Task ReserveAtRoomOrNewLaneAsync(HttpContext http, PlaceOrderRequest order, Activity? trace)
    {
        var isIn = false;
        try
        {
            var lane = batcher.Find(order.Item);
            if (lane is null)
            {
                // Whether there is such an item is a question to Redis.
                if (!(isIn = TryEnter(order, null, BuyerTurn.NotNeeded, out var kind)))
                {
                    await ShedAsync(http, kind);
                    return;
                }

                lane = await batcher.OpenAsync(order.Item);
            }

            if (lane is null)
            {
                await answer.WriteAsync(http, order.Item, order.Quantity, new ReservationResult(ReserveOutcome.UnknownItem), trace);
                return;
            }

            var refusal = Check(http, lane, order, out var turn);
            if (refusal is null)
            {
                var outcome = batcher.Refuse(lane, order.UserId, order.Key);
                if (outcome is null && !isIn && !(isIn = TryEnter(order, lane, turn, out var kind)))
                {
                    await ShedAsync(http, kind);
                    return;
                }

                var result = outcome is { } known
                    ? new ReservationResult(known)
                    : await batcher.QueueAsync(lane, order.UserId, order.Quantity, order.Key, http.RequestAborted, turn);
                if (lane.Room != RoomPolicy.None && result.Outcome
                    is ReserveOutcome.Reserved or ReserveOutcome.Replayed or ReserveOutcome.LimitReached or ReserveOutcome.OrdersUsedUp
                    or ReserveOutcome.PassUsed)
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

            await RefuseAsync(http, refusal);
        }
#pragma warning disable CA1031 // Whatever fails, the buyer gets an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await ServiceHost.AnswerAsync(http, exception);
        }
        finally
        {
            if (isIn)
            {
                overload.Leave();
            }
        }
    }

    private static bool MayBeOfEarlierClass(IHeaderDictionary headers) =>
        headers.ContainsKey(IdempotencyKey.Header) || headers.ContainsKey(SalePass.Header);

    private static Task RefuseAsync(HttpContext http, Problem refusal)
    {
        ReservationMetrics.OfSales.Refused.Add(1, new KeyValuePair<string, object?>("code", refusal.Code));
        return refusal.ExecuteAsync(http);
    }

    private Task ShedAsync(HttpContext http, RequestClass kind) => RefuseAsync(http, ShedFilter.Refuse(overload, kind));

    private RequestClass ClassOf(in PlaceOrderRequest order, ItemLane? lane, long turn) =>
        lane?.Gate.IsClosed == true
            || (order.Key is { } key && (overload.Keys.Contains(order.UserId, order.Item, key) || lane?.MayBeBuyer(order.UserId) == true))
            ? RequestClass.Retry
            : turn > 0 ? RequestClass.PassHolder : RequestClass.NewClick;

    private bool TryEnter(in PlaceOrderRequest order, ItemLane? lane, long turn, out RequestClass kind)
    {
        kind = ClassOf(order, lane, turn);
        if (!overload.Admits(kind))
        {
            return false;
        }

        Enter(order);
        return true;
    }

    private void Enter(in PlaceOrderRequest order)
    {
        overload.Enter();
        if (order.Key is { } key)
        {
            overload.Keys.Add(order.UserId, order.Item, key);
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
