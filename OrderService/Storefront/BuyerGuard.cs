using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Seckill.OrderService.Identity;

namespace Seckill.OrderService.Storefront;

/// <summary>Admits a request when its token names a buyer, and neither the buyer nor the address exceeds its rate limit.</summary>
internal sealed class BuyerGuard : IEndpointFilter
{
    private const string Scheme = "Bearer ";
    private readonly BuyerToken _token;
    private readonly Denials? _denied;
    private readonly ExternalTokens? _external;
    private readonly Problem[] _refusals;
    private readonly RateLimit _byUser;
    private readonly RateLimit _byAddress;

    /// <param name="token">Checks HS256 tokens.</param>
    /// <param name="options">Rate limits.</param>
    /// <param name="clock">Measures them.</param>
    /// <param name="denied">Who may not order, and which tokens are not accepted.</param>
    /// <param name="external">Checks the tokens of an identity provider; null without one.</param>
    public BuyerGuard(BuyerToken token, IOptions<RateLimitOptions> options, TimeProvider clock, Denials? denied = null,
        ExternalTokens? external = null)
    {
        (_token, _denied, _external) = (token, denied, external);
        _refusals = Refusals.OfTokens(token.UserIdClaim, external is not null);
        var limits = options.Value;
        _byUser = new RateLimit(limits.UserBurst, limits.UserPerSecond, clock);
        _byAddress = new RateLimit(limits.AddressBurst, limits.AddressPerSecond, clock);
    }

    /// <summary>The buyer of an admitted request.</summary>
    /// <exception cref="InvalidOperationException">The endpoint does not have this filter.</exception>
    public static long UserOf(HttpContext http) => http.Features.GetRequiredFeature<Buyer>().UserId;

    /// <summary>When the token of an admitted request expires, unix seconds.</summary>
    /// <exception cref="InvalidOperationException">The endpoint does not have this filter.</exception>
    public static double ExpiryOf(HttpContext http) => http.Features.GetRequiredFeature<Buyer>().ExpiresAt;

    /// <summary>What else the token of an admitted request says.</summary>
    public static BuyerClaims ClaimsOf(HttpContext http) => BuyerClaims.Of(http.Request.Headers.Authorization.ToString());

    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var admission = CheckAsync(context.HttpContext);
        return admission.IsCompletedSuccessfully ? AdmitAsync(admission.Result, context, next) : AdmitLaterAsync(admission, context, next);
    }

    /// <summary>Answers with the refusal, or calls the endpoint for this buyer.</summary>
    public static ValueTask<object?> AdmitAsync(
        in Admission admission, EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (admission.Refusal is { } refusal)
        {
            return ValueTask.FromResult<object?>(refusal);
        }

        context.HttpContext.Features.Set(new Buyer(admission.UserId, admission.ExpiresAt));
        return next(context);
    }

    /// <summary>The buyer, or the refusal. It waits only for a signature of the identity provider that is not known yet.</summary>
    public ValueTask<Admission> CheckAsync(HttpContext context)
    {
        if (CheckAddress(context) is { } tooMany)
        {
            return new(new Admission(tooMany));
        }

        var header = context.Request.Headers.Authorization;
        if (header.Count == 0 || (header.Count == 1 && !header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)))
        {
            return new(new Admission(Refusals.Unauthenticated));
        }

        var (userId, expiresAt) = (0L, 0.0);
        var fault = header.Count > 1 ? TokenFault.Malformed : _token.Verify(header[0].AsSpan(Scheme.Length), out userId, out expiresAt);
        return fault is TokenFault.WrongAlgorithm && _external is not null
            ? CheckExternalAsync(_external, header[0]!, context.RequestAborted)
            : new(Admit(fault, header[0]!, userId, expiresAt));
    }

    /// <summary>As <see cref="CheckAsync"/>, and the refusal when operators have denied the user to order.</summary>
    public ValueTask<Admission> CheckOrderAsync(HttpContext context)
    {
        var admission = CheckAsync(context);
        return admission.IsCompletedSuccessfully ? new(RefuseDenied(admission.Result)) : RefuseDeniedAsync(admission);
    }

    /// <summary>The refusal when the address exceeds its rate limit. Counts the request.</summary>
    public Problem? CheckAddress(HttpContext context) =>
        _byAddress.TryAcquire(context.Connection.RemoteIpAddress ?? IPAddress.None) ? null : Problem.RateLimited;

    /// <summary>The refusal when the user exceeds the rate limit. Counts the request.</summary>
    public Problem? CheckUser(long userId) => _byUser.TryAcquire(userId) ? null : Problem.RateLimited;

    /// <summary>True, and counted, when the buyer of an admitted request may send this many more.</summary>
    public bool TryCharge(long userId, int requests) => requests <= 0 || _byUser.TryAcquire(userId, requests);

    private async ValueTask<Admission> CheckExternalAsync(ExternalTokens external, string header, CancellationToken cancellationToken)
    {
        var (fault, userId, expiresAt) = await external.VerifyAsync(header[Scheme.Length..], cancellationToken);
        return Admit(fault, header, userId, expiresAt);
    }

    private Admission Admit(TokenFault? fault, string header, long userId, double expiresAt) =>
        fault is { } found ? new(_refusals[(int)found])
        : IsRevoked(header) ? new(Refusals.TokenRevoked)
        : new(CheckUser(userId), userId, expiresAt);

    private bool IsRevoked(string header) => _denied is { HasTokens: true } && _denied.HasToken(BuyerClaims.Of(header).TokenId);

    private Admission RefuseDenied(in Admission admission) =>
        admission.Refusal is null && _denied?.Has(admission.UserId) == true ? new(Refusals.UserDenied) : admission;

    private async ValueTask<Admission> RefuseDeniedAsync(ValueTask<Admission> admission) => RefuseDenied(await admission);

    private static async ValueTask<object?> AdmitLaterAsync(
        ValueTask<Admission> admission, EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        await AdmitAsync(await admission, context, next);

    private sealed record Buyer(long UserId, double ExpiresAt);
}

/// <summary>Whether a request may go on, and for whom.</summary>
/// <param name="Refusal">Null for an admitted request.</param>
/// <param name="UserId">The buyer of an admitted request.</param>
/// <param name="ExpiresAt">When the token expires, unix seconds.</param>
internal readonly record struct Admission(Problem? Refusal, long UserId = 0, double ExpiresAt = 0);
