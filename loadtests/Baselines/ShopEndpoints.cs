using System.Text.Json;
using Seckill.Shared.Http;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

namespace Seckill.Baselines;

/// <summary>The same interface as the storefront's, as far as the benchmark needs it.</summary>
internal static class ShopEndpoints
{
    /// <summary>Price of everything, minor units.</summary>
    public const long UnitPrice = 19900;

    /// <summary>Of <see cref="UnitPrice"/>.</summary>
    public const string Currency = "EUR";

    /// <summary>How long an order waits for its payment.</summary>
    public const int PaymentTimeoutSeconds = 900;

    private const int MaximumBodyBytes = 4096;
    private static readonly Problem s_unauthenticated = new(401, "unauthenticated", "This needs a buyer's token.");
    private static readonly Problem s_invalid = new(400, "invalid-request", "The request is not valid.");

    private static readonly Dictionary<ShopOutcome, Problem> s_refusals = new()
    {
        [ShopOutcome.LimitReached] = new(409, "limit-reached", "You would hold more units than the sale allows each buyer."),
        [ShopOutcome.SoldOut] = new(409, "sold-out", "Fewer units are left than asked for."),
        [ShopOutcome.UnknownItem] = new(404, "unknown-item", "No opened sale has this item."),
    };

    public static void MapShop(this IEndpointRouteBuilder app)
    {
        app.MapPost("/orders", PlaceAsync);
        app.MapPost("/items/{saleId:long}/{skuId:long}", async (long saleId, long skuId, int stock, int limitPerUser, IShop shop) =>
        {
            await shop.OpenAsync(saleId, skuId, stock, limitPerUser);
            return Results.NoContent();
        });
    }

    private static async Task<IResult> PlaceAsync(HttpContext http, BuyerToken token, IShop shop, TimeProvider clock)
    {
        const string Scheme = "Bearer ";
        var header = http.Request.Headers.Authorization;
        if (header.Count != 1
            || !header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || !token.TryVerify(header[0].AsSpan(Scheme.Length), out var userId))
        {
            return s_unauthenticated;
        }

        var (order, problem) = await JsonBody.ReadAsync(
            http.Request, BaselineJson.Default.PlaceOrder, MaximumBodyBytes, http.RequestAborted);
        if (problem is not null || order is not { SaleId: > 0, SkuId: > 0, Quantity: > 0 })
        {
            return problem ?? s_invalid;
        }

        var reserved = new OrderReserved(
            NewOrderId(), order.SaleId.Value, order.SkuId.Value, userId, order.Quantity.Value, clock.GetUtcNow());
        var outcome = await shop.OrderAsync(reserved);
        return outcome == ShopOutcome.Reserved ? new Accepted(reserved) : s_refusals[outcome];
    }

    private static string NewOrderId()
    {
        Span<byte> suffix = stackalloc byte[OrderId.SuffixLength];
        OrderId.FillSuffix(suffix);
        return OrderId.Join("00000000", suffix);
    }

    private sealed class Accepted(OrderReserved order) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = StatusCodes.Status202Accepted;
            response.ContentType = "application/json";
            response.Headers.Location = "/orders/" + order.OrderId;
            return JsonSerializer.SerializeAsync(
                response.BodyWriter,
                new OrderAccepted(
                    order.OrderId, "reserved", order.SaleId, order.SkuId, order.Quantity, UnitPrice, Currency, order.ReservedAt,
                    ItemTerms.PayBy(order.ReservedAt, PaymentTimeoutSeconds)),
                BaselineJson.Default.OrderAccepted);
        }
    }
}
