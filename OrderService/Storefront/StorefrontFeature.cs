namespace Seckill.OrderService.Storefront;

/// <summary>(1)(4) What buyers call: place an order, follow it, cancel it, look at a sale.</summary>
internal static class StorefrontFeature
{
    private const int LongestClaim = 100;

    public static void AddStorefront(this WebApplicationBuilder builder)
    {
        var keys = BuyerTokenKey.Of(builder.Configuration, builder.Environment);
        var claim = UserIdClaim(builder.Configuration);
        builder.Services.AddSingleton(provider => new BuyerToken(keys, provider.GetRequiredService<TimeProvider>(), claim));
        builder.Services.AddSingleton(provider => new StreamTicket(keys, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddValidatedOptions<RateLimitOptions>("RateLimits");
        builder.Services.AddValidatedOptions<CrossOriginOptions>("Cors");
        builder.Services.AddCors();
        builder.Services.AddSingleton<Denials>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<Denials>());
        builder.Services.AddSingleton<BuyerGuard>();
        builder.Services.AddSingleton(provider =>
        {
            var limits = provider.GetRequiredService<IOptions<RateLimitOptions>>().Value;
            return new AddressGuard(limits.AddressBurst, limits.AddressPerSecond, provider.GetRequiredService<TimeProvider>());
        });
        builder.Services.AddSingleton<StreamGuard>();
        builder.Services.AddSingleton<PlaceOrderAnswer>();
        builder.Services.AddSingleton<PlaceOrderEndpoint>();
        builder.Services.AddSingleton<QueueAnswer>();
        builder.Services.AddSingleton<QueueEndpoint>();
        builder.Services.AddSingleton<SaleReader>();
        builder.Services.AddSingleton<SaleListReader>();
    }

    public static void MapStorefront(this WebApplication app)
    {
        PlaceOrderEndpoint.Map(app);
        TokenEndpoint.Map(app);
        OrderListEndpoint.Map(app);
        OrderEndpoints.Map(app);
        SaleEndpoints.Map(app);
        QueueEndpoint.Map(app);
        QueueProofEndpoints.Map(app);
        QueuePage.Map(app);
    }

    // It stands in the header of a refusal, between quotation marks.
    private static string UserIdClaim(ConfigurationManager configuration) =>
        configuration["Auth:UserIdClaim"] is not { Length: > 0 } claim ? BuyerToken.DefaultUserIdClaim
        : claim.Length <= LongestClaim && claim is not ("exp" or "nbf") && !claim.AsSpan().ContainsAnyExceptInRange('!', '~')
            && !claim.AsSpan().ContainsAny('"', '\\') ? claim
        : throw new InvalidSettingException(
            "Auth:UserIdClaim",
            $"is '{claim}', and must be a claim other than exp and nbf, of at most {LongestClaim} visible ASCII characters, none of them a "
            + "quotation mark or a backslash");
}
