using System.Net;
using Microsoft.AspNetCore.Http.Features;

namespace Seckill.OrderService.Storefront;

/// <summary>Admits a request when its token names a buyer, and neither the buyer nor the address exceeds its rate limit.</summary>
internal sealed class BuyerGuard : IEndpointFilter
{
    private readonly BuyerToken _token;
    private readonly Problem[] _refusals;
    private readonly RateLimit _byUser;
    private readonly RateLimit _byAddress;

    public BuyerGuard(BuyerToken token, IOptions<RateLimitOptions> options, TimeProvider clock)
    {
        _token = token;
        _refusals = Refusals.OfTokens(token.UserIdClaim);
        var limits = options.Value;
        _byUser = new RateLimit(limits.UserBurst, limits.UserPerSecond, clock);
        _byAddress = new RateLimit(limits.AddressBurst, limits.AddressPerSecond, clock);
    }

    /// <summary>The buyer of an admitted request.</summary>
    /// <exception cref="InvalidOperationException">The endpoint does not have this filter.</exception>
    public static long UserOf(HttpContext http) => http.Features.GetRequiredFeature<Buyer>().UserId;

    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        AdmitAsync(Check(context.HttpContext, out var userId), userId, context, next);

    /// <summary>Answers with the refusal, or calls the endpoint for this user.</summary>
    public static ValueTask<object?> AdmitAsync(
        Problem? refusal, long userId, EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (refusal is not null)
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
        return CheckAddress(context) ?? CheckToken(context.Request, out userId) ?? CheckUser(userId);
    }

    /// <summary>The refusal when the address exceeds its rate limit. Counts the request.</summary>
    public Problem? CheckAddress(HttpContext context) =>
        _byAddress.TryAcquire(context.Connection.RemoteIpAddress ?? IPAddress.None) ? null : Refusals.RateLimited;

    /// <summary>The refusal when the user exceeds the rate limit. Counts the request.</summary>
    public Problem? CheckUser(long userId) => _byUser.TryAcquire(userId) ? null : Refusals.RateLimited;

    /// <summary>True, and counted, when the buyer of an admitted request may send this many more.</summary>
    public bool TryCharge(long userId, int requests) => requests <= 0 || _byUser.TryAcquire(userId, requests);

    private Problem? CheckToken(HttpRequest request, out long userId)
    {
        const string Scheme = "Bearer ";
        userId = 0;
        var header = request.Headers.Authorization;
        return header.Count == 0 || (header.Count == 1 && !header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            ? Refusals.Unauthenticated
            : (header.Count > 1 ? TokenFault.Malformed : _token.Verify(header[0].AsSpan(Scheme.Length), out userId)) is { } fault
                ? _refusals[(int)fault] : null;
    }

    private sealed record Buyer(long UserId);
}
