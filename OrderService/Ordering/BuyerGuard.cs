using System.Net;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Seckill.Shared.Hosting;

namespace Seckill.OrderService.Ordering;

/// <summary>Lets a request in when its token names a buyer and neither the buyer nor the address sends too much.</summary>
internal sealed class BuyerGuard : IDisposable
{
    private static readonly Problem s_unauthenticated = new(
        StatusCodes.Status401Unauthorized, "unauthenticated", "This needs a buyer's token (HS256, unexpired) as a bearer token.");

    private static readonly Problem s_rateLimited = new(
        StatusCodes.Status429TooManyRequests, "rate-limited", "Too many requests. Nothing was done.", retryAfterSeconds: 1);

    private readonly BuyerToken _token;
    private readonly PartitionedRateLimiter<long> _byUser;
    private readonly PartitionedRateLimiter<IPAddress> _byAddress;

    public BuyerGuard(BuyerToken token, IOptions<RateLimitOptions> options)
    {
        _token = token;
        var limits = options.Value;
        _byUser = Limiter<long>(limits.UserBurst, limits.UserPerSecond);
        _byAddress = Limiter<IPAddress>(limits.AddressBurst, limits.AddressPerSecond);
    }

    /// <summary>Null and the user, or the refusal.</summary>
    public Problem? Check(HttpContext context, out long userId)
    {
        userId = 0;
        using var address = _byAddress.AttemptAcquire(context.Connection.RemoteIpAddress ?? IPAddress.None);
        if (!address.IsAcquired)
        {
            return s_rateLimited;
        }

        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization;
        if (header.Count != 1
            || !header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || !_token.TryVerify(header[0].AsSpan(Scheme.Length), out userId))
        {
            return s_unauthenticated;
        }

        using var user = _byUser.AttemptAcquire(userId);
        return user.IsAcquired ? null : s_rateLimited;
    }

    public void Dispose()
    {
        _byUser.Dispose();
        _byAddress.Dispose();
    }

    private static PartitionedRateLimiter<T> Limiter<T>(int burst, int perSecond)
        where T : notnull
    {
        const int ReplenishmentsPerSecond = 10;
        var settings = new TokenBucketRateLimiterOptions
        {
            TokenLimit = burst,
            TokensPerPeriod = Math.Max(1, perSecond / ReplenishmentsPerSecond),
            ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1.0 / ReplenishmentsPerSecond, 1.0 / perSecond)),
            QueueLimit = 0,
            // The partitioned limiter replenishes all of its buckets with one timer.
            AutoReplenishment = false,
        };
        return PartitionedRateLimiter.Create<T, T>(key => RateLimitPartition.GetTokenBucketLimiter(key, _ => settings));
    }
}
