using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Storefront;

/// <summary>Settings under <c>RateLimits</c>. The defaults are beyond any human, and beyond a large office behind one address.</summary>
public sealed class RateLimitOptions
{
    /// <summary>Requests that a user may send at once.</summary>
    [Range(1, 1_000_000_000)] public int UserBurst { get; set; } = 100;

    /// <summary>Requests per second that a user may send in the long run.</summary>
    [Range(1, 1_000_000_000)] public int UserPerSecond { get; set; } = 20;

    /// <summary>
    /// Requests that an address may send at once; an IPv6 /64 is one address. Sale pages and payments, which need no token, are counted
    /// apart from orders, with the same numbers.
    /// </summary>
    [Range(1, 1_000_000_000)] public int AddressBurst { get; set; } = 5_000;

    /// <summary>Requests per second that an address may send in the long run.</summary>
    [Range(1, 1_000_000_000)] public int AddressPerSecond { get; set; } = 1_000;

    /// <summary>
    /// Addresses of proxies, or networks such as 10.0.0.0/8, whose X-Forwarded-For is trusted; the header of other senders is ignored.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; set; } = [];
}
