namespace Seckill.OrderService.Storefront;

/// <summary>(1)(4) What buyers call: place an order, follow it, cancel it, look at a sale.</summary>
internal static class StorefrontFeature
{
    public static void AddStorefront(this WebApplicationBuilder builder)
    {
        var key = builder.Configuration.RequiredSecret(builder.Environment, "Auth:BuyerTokenKey", DevelopmentKeys.BuyerToken);
        builder.Services.AddSingleton(provider => new BuyerToken(key, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddValidatedOptions<RateLimitOptions>("RateLimits");
        builder.Services.AddValidatedOptions<CrossOriginOptions>("Cors");
        builder.Services.AddCors();
        builder.Services.AddSingleton<BuyerGuard>();
        builder.Services.AddSingleton<PlaceOrderAnswer>();
        builder.Services.AddSingleton<PlaceOrderEndpoint>();
        builder.Services.AddSingleton<SaleReader>();
        builder.Services.AddSingleton<SaleListReader>();
    }

    public static void MapStorefront(this WebApplication app)
    {
        PlaceOrderEndpoint.Map(app);
        OrderListEndpoint.Map(app);
        OrderEndpoints.Map(app);
        SaleEndpoints.Map(app);
    }
}
