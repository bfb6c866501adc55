using System.Globalization;
using System.Text.Json;
using Seckill.OrderService.Persistence;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Ordering;

/// <summary>(1) A buyer's click, and (4) its answer; afterwards, what became of the order.</summary>
internal static class OrderEndpoints
{
    private static readonly Problem s_unknownItem = new(404, "unknown-item", "No opened sale has this item.");
    private static readonly Problem s_soldOut = new(409, "sold-out", "Fewer units are left than asked for.");
    private static readonly Problem s_closed = new(409, "sale-closed", "The sale is over.");
    private static readonly Problem s_keyReused = new(
        422, "idempotency-key-reused", "This Idempotency-Key came before with another quantity.");
    private static readonly Problem s_unavailable = new(503, "unavailable", "No answer is possible just now. It is safe to try again.", 1);

    private static readonly ReservationResult s_constant = new(ReserveOutcome.Reserved)
    {
        OrderId = new string('0', OrderId.Length), UnitPrice = 1, Currency = "EUR", ReservedAt = DateTimeOffset.UnixEpoch,
    };

    private static readonly Problem s_notCancellable = new(409, "not-cancellable", "The order is paid, expired or rejected.");
    private static readonly Problem s_unknownOrder = new(404, "unknown-order", "You have no such order.");

    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        app.MapPost("/orders", PlaceAsync)
            .WithSummary("Reserve units for the buyer")
            .WithDescription(
                "Answers 202 once the units are held durably. With an Idempotency-Key (1 to 64 visible characters, scoped to the "
                + "user and the sale item) a retry gets the same order, from any instance.")
            .Accepts<PlaceOrder>("application/json")
            .Produces<OrderAccepted>(StatusCodes.Status202Accepted)
            .ProducesProblems(400, 401, 404, 409, 413, 415, 422, 429, 503);
        app.MapGet("/orders/{orderId}", FindAsync)
            .WithSummary("What became of an order")
            .WithDescription("For its owner alone; from the moment of the 202, on every instance.")
            .Produces<OrderView>()
            .ProducesProblems(401, 404, 429, 503);
        app.MapGet("/orders/{orderId}/events", FollowAsync)
            .WithSummary("What becomes of an order, as Server-Sent Events")
            .WithDescription(
                "One status event for each change, from the first; ends at a final status. Last-Event-ID leaves out what was seen.")
            .Produces<OrderView>(contentType: "text/event-stream")
            .ProducesProblems(401, 404, 429, 503);
        app.MapPost("/orders/{orderId}/cancel", CancelAsync)
            .WithSummary("Cancel an order that is not paid")
            .WithDescription("Also while it is only reserved. Repeating it is 200. The units are for sale again within a second.")
            .Produces<OrderView>()
            .ProducesProblems(401, 404, 409, 429, 503);
    }

    /// <summary>
    /// The ceiling for the benchmark: the same host, checks and body, and a constant answer. Mapped only with
    /// <c>Benchmark:EmptyEndpoint</c> = true.
    /// </summary>
    public static void MapEmpty(this IEndpointRouteBuilder app) =>
        app.MapPost("/benchmark/empty", async (HttpContext http, BuyerGuard guard) =>
        {
            var (order, _, refusal) = await ReadAsync(http, guard);
            return refusal ?? (IResult)new Accepted(default, order.Quantity!.Value, s_constant);
        }).ExcludeFromDescription();

    internal static async Task<IResult> PlaceAsync(HttpContext http, BuyerGuard guard, ReservationBatcher batcher)
    {
        var (order, buyer, refusal) = await ReadAsync(http, guard);
        if (refusal is not null)
        {
            return refusal;
        }

        var item = new ItemKey(order.SaleId!.Value, order.SkuId!.Value);
        var result = await batcher.ReserveAsync(item, buyer.UserId, order.Quantity!.Value, buyer.Key, http.RequestAborted);
        ReservationMetrics.Outcomes.Add(1, ReservationMetrics.Outcome(result.Outcome));
        return result.Outcome switch
        {
            ReserveOutcome.Reserved or ReserveOutcome.Replayed => new Accepted(item, order.Quantity.Value, result),
            ReserveOutcome.SoldOut => s_soldOut,
            ReserveOutcome.LimitReached => LimitReached(result.OrderIds!),
            ReserveOutcome.NotOpen => NotOpen(result),
            ReserveOutcome.Closed => s_closed,
            ReserveOutcome.KeyReused => s_keyReused,
            ReserveOutcome.UnknownItem => s_unknownItem,
            _ => s_unavailable,
        };
    }

    internal static async Task<IResult> FindAsync(
        string orderId, HttpContext http, BuyerGuard guard, OrderReader orders, CancellationToken cancellationToken)
    {
        if (guard.Check(http, out var userId) is { } refusal)
        {
            return refusal;
        }

        var order = OrderId.IsValid(orderId) ? await orders.FindAsync(orderId, userId, cancellationToken) : null;
        return order is null ? s_unknownOrder : Results.Json(order, StorefrontJson.Default.OrderView);
    }

    private static async Task<IResult> FollowAsync(
        string orderId, HttpContext http, BuyerGuard guard, OrderReader orders, OrderEvents events, CancellationToken cancellationToken)
    {
        if (guard.Check(http, out var userId) is { } refusal)
        {
            return refusal;
        }

        if (!OrderId.IsValid(orderId) || await orders.FindAsync(orderId, userId, cancellationToken) is not { } order)
        {
            return s_unknownOrder;
        }

        _ = int.TryParse(http.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var lastSeen);
        return TypedResults.ServerSentEvents(events.FollowAsync(order, lastSeen, cancellationToken));
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
            return s_unknownOrder;
        }

        if (order.Status == "reserved")
        {
            await placement.PlaceIfReservedAsync(orderId, cancellationToken);
        }

        await store.TryCancelAsync(orderId, cancellationToken);
        order = await orders.FindAsync(orderId, userId, cancellationToken);
        return order?.Status == "cancelled" ? Results.Json(order, StorefrontJson.Default.OrderView) : s_notCancellable;
    }

    private static async ValueTask<(PlaceOrder Order, (long UserId, string? Key) Buyer, Problem? Refusal)> ReadAsync(
        HttpContext http, BuyerGuard guard)
    {
        if (guard.Check(http, out var userId) is { } refusal)
        {
            return (default, default, refusal);
        }

        if (IdempotencyKey.Read(http.Request, out var key) is { } badKey)
        {
            return (default, default, badKey);
        }

        var (order, problem) = await JsonBody.ReadAsync(
            http.Request, StorefrontJson.Default.PlaceOrder, PlaceOrderRules.MaximumBodyBytes, http.RequestAborted);
        return (order, (userId, key), problem ?? PlaceOrderRules.Check(order));
    }

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
        var opensAt = result.OpensAt;
        var wait = (int)Math.Clamp(Math.Ceiling((opensAt - result.Now).TotalSeconds), 1, int.MaxValue);
        return new(409, "sale-not-open", "The sale has not begun.", wait, json =>
            json.WriteString("opensAt", opensAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)));
    }

    private sealed class Accepted(ItemKey item, int quantity, ReservationResult result) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = StatusCodes.Status202Accepted;
            response.ContentType = "application/json";
            response.Headers.Location = "/orders/" + result.OrderId;
            return JsonSerializer.SerializeAsync(
                response.BodyWriter,
                new OrderAccepted(
                    result.OrderId!, "reserved", item.SaleId, item.SkuId, quantity, result.UnitPrice, result.Currency!, result.ReservedAt),
                StorefrontJson.Default.OrderAccepted);
        }
    }
}
