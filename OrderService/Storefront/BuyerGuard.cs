using System.Net;
using Microsoft.AspNetCore.Http.Features;

namespace Seckill.OrderService.Storefront;

/// <summary>Admits a request when its token names a buyer, and neither the buyer nor the address exceeds its rate limit.</summary>
internal sealed class BuyerGuard : IEndpointFilter
{
    private readonly BuyerToken _token;
    private readonly RateLimit _byUser;
    private readonly RateLimit _byAddress;

    public BuyerGuard(BuyerToken token, IOptions<RateLimitOptions> options, TimeProvider clock)
    {
        _token = token;
        var limits = options.Value;
        _byUser = new RateLimit(limits.UserBurst, limits.UserPerSecond, clock);
        _byAddress = new RateLimit(limits.AddressBurst, limits.AddressPerSecond, clock);
    }

    /// <summary>The buyer of an admitted request.</summary>
    /// <exception cref="InvalidOperationException">The endpoint does not have this filter.</exception>
    public static long UserOf(HttpContext http) => http.Features.GetRequiredFeature<Buyer>().UserId;

    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (Check(context.HttpContext, out var userId) is { } refusal)
        {
            return ValueTask.FromResult<object?>(refusal);
        }

        context.HttpContext.Features.Set(new Buyer(userId));
        return next(context);
    }

    /// <summary>Null and the user, or the refusal.</summary>
    public Problem? Check(HttpContext context, out long userId)
    {
        userId = 0;
        if (!_byAddress.TryAcquire(context.Connection.RemoteIpAddress ?? IPAddress.None))
        {
            return Refusals.RateLimited;
        }

        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization;
        if (header.Count != 1 || !header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return header.Count > 1 ? Refusals.Unauthorized(TokenFault.Malformed) : Refusals.Unauthenticated;
        }

        if (_token.Verify(header[0].AsSpan(Scheme.Length), out userId) is { } fault)
        {
            return Refusals.Unauthorized(fault);
        }

        return _byUser.TryAcquire(userId) ? null : Refusals.RateLimited;
    }

    /// <summary>True, and counted, when the buyer of an admitted request may send this many more.</summary>
    public bool TryCharge(long userId, int requests) => requests <= 0 || _byUser.TryAcquire(userId, requests);

    private sealed record Buyer(long UserId);
}
