using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Orders;

/// <summary>Settings under <c>OrderReads</c>: how a buyer reads orders.</summary>
public sealed class OrderReadOptions
{
    /// <summary>
    /// How long a buyer waits for PostgreSQL, milliseconds. Then an order that is still in the outbox is answered from Redis, and any other
    /// gets 503; PostgreSQL is asked again after a second.
    /// </summary>
    [Range(100, 60_000)] public int TimeoutMilliseconds { get; set; } = 1_000;
}
