using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Options;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Ordering;

/// <summary>
/// (1) A buyer's click, and (4) its answer. The busiest road of the system: one asynchronous method from the connection to the
/// batcher and back, short-circuited past the rest of the pipeline.
/// </summary>
internal sealed class PlaceOrderEndpoint(
    BuyerGuard guard, ReservationBatcher batcher, WarmItems warm, IOptions<ReservationOptions> options)
{
    private static readonly Problem s_unknownItem = new(404, "unknown-item", "No opened sale has this item.");
    private static readonly Problem s_soldOut = new(409, "sold-out", "Fewer units are left than asked for.");
    private static readonly Problem s_closed = new(409, "sale-closed", "The sale is over.");
    private static readonly Problem s_keyReused = new(
        422, "idempotency-key-reused", "This Idempotency-Key came before with another quantity.");
    private static readonly Problem s_unavailable = new(503, "unavailable", "No answer is possible just now. It is safe to try again.", 1);

    private static readonly ReservationResult s_constant = new(ReserveOutcome.Reserved)
    {
        OrderId = new string('0', OrderId.Length),
        Terms = new ItemTerms(new string('0', OrderId.NumberLength), 1, "EUR", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch),
    };

    private readonly AcceptedAnswer _answer = new(options.Value.Pooling);

    public Task PlaceAsync(HttpContext http)
    {
        // Nearly always the body is there with the headers; then no state machine has to be kept until it is.
        var reading = ReadAsync(http);
        return reading.IsCompletedSuccessfully ? ReserveAsync(http, reading.Result) : ReserveWhenReadAsync(http, reading);
    }

    /// <summary>The ceiling for the benchmark: the same host, checks and body, and a constant answer.</summary>
    public async Task AcceptAtOnceAsync(HttpContext http)
    {
        var asked = await ReadAsync(http);
        if (asked.Refusal is not null)
        {
            await asked.Refusal.ExecuteAsync(http);
            return;
        }

        Accept(http.Response, asked.Item, asked.Quantity, s_constant);
    }

    private async Task ReserveWhenReadAsync(HttpContext http, ValueTask<Asked> reading)
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

    private async Task ReserveAsync(HttpContext http, Asked asked)
    {
        try
        {
            var refusal = asked.Refusal;
            if (BatchTrace.CurrentRequest is { } trace)
            {
                trace.DisplayName = "POST /orders";
            }

            if (refusal is null)
            {
                var result = await batcher.ReserveAsync(asked.Item, asked.UserId, asked.Quantity, asked.Key, http.RequestAborted);
                ReservationMetrics.Outcomes.Add(1, ReservationMetrics.Outcome(result.Outcome));
                if (result.Outcome is ReserveOutcome.Reserved or ReserveOutcome.Replayed)
                {
                    BatchTrace.CurrentRequest?.SetTag(BatchTrace.OrderIdTag, result.OrderId);
                    Accept(http.Response, asked.Item, asked.Quantity, result);
                    return;
                }

                refusal = result.Outcome == ReserveOutcome.UnknownItem && await warm.MayBeLostAsync(asked.Item)
                    ? s_unavailable : Refusal(result);
            }
            else
            {
                ReservationMetrics.Refused.Add(1, new KeyValuePair<string, object?>("code", refusal.Code));
            }

            await refusal.ExecuteAsync(http);
        }
#pragma warning disable CA1031 // Whatever it is, the buyer gets an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await ServiceHost.AnswerAsync(http, exception);
        }
    }

    private async ValueTask<Asked> ReadAsync(HttpContext http)
    {
        if (guard.Check(http, out var userId) is { } refusal)
        {
            return new Asked { Refusal = refusal };
        }

        if (IdempotencyKey.Read(http.Request, out var key) is { } badKey)
        {
            return new Asked { Refusal = badKey };
        }

        var (order, problem) = await JsonBody.ReadAsync(
            http.Request, StorefrontJson.Default.PlaceOrder, PlaceOrderRules.MaximumBodyBytes, http.RequestAborted);
        return (problem ?? PlaceOrderRules.Check(order)) is { } bad
            ? new Asked { Refusal = bad }
            : new Asked
            {
                Item = new ItemKey(order.SaleId!.Value, order.SkuId!.Value), Quantity = order.Quantity!.Value, UserId = userId, Key = key,
            };
    }

    // The server sends what was written when the request ends; a small body needs no waiting of its own.
    private void Accept(HttpResponse response, ItemKey item, int quantity, in ReservationResult result)
    {
        var body = _answer.Render(item, quantity, result);
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        response.Headers.Location = "/orders/" + result.OrderId;
        response.BodyWriter.Write(body);
    }

    private static Problem Refusal(in ReservationResult result) => result.Outcome switch
    {
        ReserveOutcome.SoldOut => s_soldOut,
        ReserveOutcome.LimitReached => LimitReached(result.OrderIds!),
        ReserveOutcome.NotOpen => NotOpen(result),
        ReserveOutcome.Closed => s_closed,
        ReserveOutcome.KeyReused => s_keyReused,
        ReserveOutcome.UnknownItem => s_unknownItem,
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

    /// <summary>A request that was read: an order, or why it is none.</summary>
    private readonly struct Asked
    {
        public ItemKey Item { get; init; }

        public long UserId { get; init; }

        public int Quantity { get; init; }

        public string? Key { get; init; }

        public Problem? Refusal { get; init; }
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

    /// <summary>Mapped only with <c>Benchmark:Endpoints</c> = true.</summary>
    public static void MapEmptyOrder(this IEndpointRouteBuilder app) =>
        app.MapDirectly("/benchmark/empty", app.ServiceProvider.GetRequiredService<PlaceOrderEndpoint>().AcceptAtOnceAsync)
            .ExcludeFromDescription();

    private static RouteHandlerBuilder MapDirectly(this IEndpointRouteBuilder app, string path, RequestDelegate handler)
    {
        // As a handler, so that it appears in the OpenAPI document; a RequestDelegate is called without any wrapping.
        var route = app.MapPost(path, (Delegate)handler);
        route.ShortCircuit();
        return route;
    }
}
