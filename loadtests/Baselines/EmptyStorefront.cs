using System.Buffers;
using Seckill.OrderService.Storefront;
using Seckill.Shared.Settings;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.Baselines;

/// <summary>
/// The ceiling: what the storefront does for a click but for the stock. The same host, short-circuited route, token check, rate limit,
/// body and answer, by the storefront's own code, and a constant in place of a reservation.
/// </summary>
internal static class EmptyStorefront
{
    private static readonly ReservationResult s_constant = new(ReserveOutcome.Reserved)
    {
        OrderId = new string('0', OrderId.Length),
        Terms = new ItemTerms(
            new string('0', OrderId.NumberLength), ShopEndpoints.UnitPrice, ShopEndpoints.Currency, DateTimeOffset.UnixEpoch,
            DateTimeOffset.UnixEpoch, ShopEndpoints.PaymentTimeoutSeconds),
    };

    public static Task RunAsync(WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<RateLimitOptions>("RateLimits");
        builder.Services.AddSingleton<BuyerGuard>();
        var app = builder.Build();
        var guard = app.Services.GetRequiredService<BuyerGuard>();
        app.UseEntrance();
        app.UseTrustedProxies();
        app.UseRouting();
        app.UseServiceDefaults();
        PlaceOrderEndpoint.MapDirectly(app, "/orders", http => AcceptAsync(http, guard));
        MapPoll(app, guard);
        return app.RunServiceAsync();
    }

    private static void MapPoll(WebApplication app, BuyerGuard guard)
    {
        RequestDelegate poll = async http =>
            await ((await guard.CheckAsync(http)).Refusal is { } refusal ? refusal.ExecuteAsync(http) : Wait(http.Response));
        app.MapGet("/sales/{saleId:long}/queue", (Delegate)poll).ShortCircuit();
    }

    // As a waiting room answers to most of its buyers.
    private static Task Wait(HttpResponse response)
    {
        var body = "{\"state\":\"waiting\",\"reason\":null,\"position\":51234,\"ahead\":51000,\"etaSeconds\":null,"u8
            + "\"pollAfterSeconds\":2,\"pass\":null,\"passExpiresAt\":null}"u8;
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.BodyWriter.Write(body);
        return Task.CompletedTask;
    }

    private static async Task AcceptAsync(HttpContext http, BuyerGuard guard)
    {
        var asked = await PlaceOrderRequest.ReadAsync(http, guard);
        if (asked.Refusal is { } refusal)
        {
            await refusal.ExecuteAsync(http);
            return;
        }

        PlaceOrderAnswer.Accept(http.Response, asked.Item, asked.Quantity, s_constant);
    }
}
