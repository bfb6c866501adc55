using System.Net;
using Microsoft.Extensions.Options;
using Seckill.Shared.Http;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Storefront;

/// <summary>Lets a request in when its token names a buyer and neither the buyer nor the address sends too much.</summary>
internal sealed class BuyerGuard
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
        if (header.Count != 1
            || !header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || !_token.TryVerify(header[0].AsSpan(Scheme.Length), out userId))
        {
            return Refusals.Unauthenticated;
        }

        return _byUser.TryAcquire(userId) ? null : Refusals.RateLimited;
    }
}
