using Microsoft.AspNetCore.Http.HttpResults;
using Seckill.OrderService.Identity;
using Seckill.OrderService.Overload;

namespace Seckill.OrderService.Storefront;

/// <summary>
/// Exchanges a buyer's token for a short one of this service: the page does so before the opening, so that the rush meets only tokens whose
/// check costs next to nothing.
/// </summary>
internal static class TokenEndpoint
{
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapPost("/tokens", Exchange)
            .ShedAs(app, RequestClass.NewClick)
            .AddEndpointFilter(app.ServiceProvider.GetRequiredService<BuyerGuard>())
            .WithName("exchangeToken")
            .WithSummary("Exchange a token for a short one of this service")
            .WithDescription(
                "For tokens of an identity provider (Auth:Authority), whose signature costs more than an order: exchange them on the "
                + "sale page, before the opening. The new token is HS256, of the same user, of the same group (grp) and id (jti), and "
                + "expires with the one that was sent, or before it.")
            .WithMetadata(OrderEndpoints.Group, new TakesBuyerToken())
            .Produces<ExchangedToken>()
            .ProducesProblems(401, 429, 503);

    private static JsonHttpResult<ExchangedToken> Exchange(
        HttpContext http, BuyerToken tokens, IOptions<IdentityOptions> options, TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        // Whole seconds, downwards, so that the new token never outlives the one that was sent.
        var left = Math.Floor(BuyerGuard.ExpiryOf(http)) - now.ToUnixTimeSeconds();
        var life = TimeSpan.FromSeconds(Math.Min(left, options.Value.ExchangedTokenMinutes * 60.0));
        // With what it says of the buyer: otherwise an exchange would be a way around the limit of a group in a waiting room, or around
        // the end of a token that is revoked.
        var token = tokens.Sign(BuyerGuard.UserOf(http), life, BuyerGuard.ClaimsOf(http));
        return TypedResults.Json(
            new ExchangedToken(token, DateTimeOffset.FromUnixTimeSeconds(now.Add(life).ToUnixTimeSeconds())),
            StorefrontJson.Default.ExchangedToken);
    }
}

/// <summary>A token for the buyer's next calls.</summary>
/// <param name="Token">HS256, for <c>Authorization: Bearer</c>.</param>
/// <param name="ExpiresAt">UTC.</param>
public sealed record ExchangedToken(string Token, DateTimeOffset ExpiresAt);
