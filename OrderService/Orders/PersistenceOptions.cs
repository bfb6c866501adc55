using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Orders;

/// <summary>Settings under <c>Persistence</c>.</summary>
public sealed class PersistenceOptions
{
    /// <summary>Messages that one worker persists at once, each on its own PostgreSQL connection.</summary>
    [Range(1, 64)] public int ConcurrentMessages { get; set; } = 4;

    /// <summary>Messages that the broker sends to one worker in advance.</summary>
    [Range(1, 1_000)] public int Prefetch { get; set; } = 16;

    /// <summary>
    /// How long a worker retries a message while PostgreSQL or Redis is down, seconds. Then it gives all its messages back and consumes
    /// nothing until both answer. Some minutes less than the broker's consumer_timeout, which is 30 minutes by default.
    /// </summary>
    [Range(1, 86_400)] public int LongestRetrySeconds { get; set; } = 600;
}
