using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.ObjectPool;
using Microsoft.Extensions.Options;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Ordering;

/// <summary>
/// (1) A buyer's click, and (4) its answer. The busiest road of the system: from the connection to the batcher and back without an
/// asynchronous method of its own, short-circuited past the rest of the pipeline.
/// </summary>
internal sealed class PlaceOrderEndpoint
{
    private static readonly Problem s_unknownItem = new(404, "unknown-item", "No opened sale has this item.");
    private static readonly Problem s_soldOut = new(409, "sold-out", "Fewer units are left than asked for.");
    private static readonly Problem s_closed = new(409, "sale-closed", "The sale is over.");
    private static readonly Problem s_keyReused = new(
        422, "idempotency-key-reused", "This Idempotency-Key came before with another quantity.");
    private static readonly Problem s_unavailable = new(503, "unavailable", "No answer is possible just now. It is safe to try again.", 1);

    private readonly BuyerGuard _guard;
    private readonly ReservationBatcher _batcher;
    private readonly WarmItems _warm;
    private readonly ObjectPool<WaitingBuyer> _waiting;

    public PlaceOrderEndpoint(
        BuyerGuard guard, ReservationBatcher batcher, WarmItems warm, IOptions<ReservationOptions> options)
    {
        (_guard, _batcher, _warm) = (guard, batcher, warm);
        _waiting = new DefaultObjectPool<WaitingBuyer>(new Policy(this), options.Value.QueueCapacity);
    }

    public Task PlaceAsync(HttpContext http)
    {
        // Nearly always the body is there with the headers; then nothing has to be kept until it is.
        var reading = AskedOrder.ReadAsync(http, _guard);
        return reading.IsCompletedSuccessfully ? ReserveAsync(http, reading.Result) : ReserveWhenReadAsync(http, reading);
    }

    private async Task ReserveWhenReadAsync(HttpContext http, ValueTask<AskedOrder> reading)
    {
        try
        {
            await ReserveAsync(http, await reading);
        }
#pragma warning disable CA1031 // Whatever it is, the buyer gets an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await ServiceHost.AnswerAsync(http, exception);
        }
    }

    private Task ReserveAsync(HttpContext http, in AskedOrder asked)
    {
        var trace = BatchTrace.CurrentRequest;
        if (asked.Refusal is { } refusal)
        {
            ReservationMetrics.Refused.Add(1, new KeyValuePair<string, object?>("code", refusal.Code));
            return refusal.ExecuteAsync(http);
        }

        var reservation = _batcher.ReserveAsync(asked.Item, asked.UserId, asked.Quantity, asked.Key, http.RequestAborted);
        return reservation.IsCompletedSuccessfully
            ? AnswerAsync(http, asked.Item, asked.Quantity, reservation.Result, trace)
            : _waiting.Get().WaitAsync(http, asked.Item, asked.Quantity, reservation, trace);
    }

    private Task AnswerAsync(HttpContext http, ItemKey item, int quantity, ReservationResult result, Activity? trace)
    {
        ReservationMetrics.Outcomes.Add(1, ReservationMetrics.Outcome(result.Outcome));
        if (result.Outcome is not (ReserveOutcome.Reserved or ReserveOutcome.Replayed))
        {
            return result.Outcome == ReserveOutcome.UnknownItem ? RefuseUnknownAsync(http, item) : Refusal(result).ExecuteAsync(http);
        }

        trace?.SetTag(BatchTrace.OrderIdTag, result.OrderId);
        AcceptedAnswer.Write(http.Response, item, quantity, result);
        return Task.CompletedTask;
    }

    private async Task RefuseUnknownAsync(HttpContext http, ItemKey item) =>
        await (await _warm.MayBeLostAsync(item) ? s_unavailable : s_unknownItem).ExecuteAsync(http);

    private static Problem Refusal(in ReservationResult result) => result.Outcome switch
    {
        ReserveOutcome.SoldOut => s_soldOut,
        ReserveOutcome.LimitReached => LimitReached(result.OrderIds!),
        ReserveOutcome.NotOpen => NotOpen(result),
        ReserveOutcome.Closed => s_closed,
        ReserveOutcome.KeyReused => s_keyReused,
        _ => s_unavailable,
    };

    private static Problem LimitReached(string[] orderIds) =>
        new(409, "limit-reached", "You would hold more units than the sale allows each buyer.", writeDetails: json =>
        {
            json.WriteStartArray("orderIds");
            foreach (var orderId in orderIds)
            {
                json.WriteStringValue(orderId);
            }

            json.WriteEndArray();
        });

    private static Problem NotOpen(in ReservationResult result)
    {
        var opensAt = result.Terms!.OpensAt;
        var wait = (int)Math.Clamp(Math.Ceiling((opensAt - result.At).TotalSeconds), 1, int.MaxValue);
        return new(409, "sale-not-open", "The sale has not begun.", wait, json =>
            json.WriteString("opensAt", opensAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)));
    }

    private sealed class Policy(PlaceOrderEndpoint endpoint) : PooledObjectPolicy<WaitingBuyer>
    {
        public override WaitingBuyer Create() => new(endpoint.AnswerAsync, endpoint._waiting);

        public override bool Return(WaitingBuyer buyer) => true;
    }
}

/// <summary>Where orders are placed.</summary>
internal static class PlaceOrderMapping
{
    public static void MapPlaceOrder(this IEndpointRouteBuilder app) =>
        app.MapDirectly("/orders", app.ServiceProvider.GetRequiredService<PlaceOrderEndpoint>().PlaceAsync)
            .WithSummary("Reserve units for the buyer")
            .WithDescription(
                "Answers 202 once the units are held durably. With an Idempotency-Key (1 to 64 visible characters, scoped to the "
                + "user and the sale item) a retry gets the same order, from any instance.")
            .Accepts<PlaceOrder>("application/json")
            .Produces<OrderAccepted>(StatusCodes.Status202Accepted)
            .ProducesProblems(400, 401, 404, 409, 413, 415, 422, 429, 503);

    internal static RouteHandlerBuilder MapDirectly(this IEndpointRouteBuilder app, string path, RequestDelegate handler)
    {
        // As a handler, so that it appears in the OpenAPI document; a RequestDelegate is called without any wrapping.
#pragma warning disable RDG002 // Nothing is generated for it, and nothing needs to be.
        var route = app.MapPost(path, (Delegate)handler);
#pragma warning restore RDG002
        route.ShortCircuit();
        return route;
    }
}
