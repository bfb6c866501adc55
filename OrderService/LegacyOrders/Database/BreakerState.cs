namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>Which calls a breaker lets through. The numbers are those of the metric <c>seckill.legacy.breaker</c>.</summary>
[JsonConverter(typeof(EnumText<BreakerState>))]
public enum BreakerState
{
    /// <summary>All calls.</summary>
    Closed = 0,
    /// <summary>No call until the pause is over.</summary>
    Open = 1,
    /// <summary>One probe at a time.</summary>
    HalfOpen = 2,
}
