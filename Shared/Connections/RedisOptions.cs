using System.ComponentModel.DataAnnotations;

namespace Seckill.Shared.Connections;

/// <summary>Settings under <c>Redis</c>.</summary>
public sealed class RedisOptions
{
    /// <summary>
    /// Replicas that must have an order before its 202, and a return or a change of stock before PostgreSQL relies on it. With too few of
    /// them buyers get 503, outcome unknown. In a cluster each master needs as many.
    /// </summary>
    [Range(0, 5)] public int Replicas { get; set; }

    /// <summary>As configured.</summary>
    internal static RedisOptions In(IConfiguration configuration) => configuration.GetSection("Redis").Get<RedisOptions>() ?? new();
}
