using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Orders;

/// <summary>Settings under <c>Persistence</c>.</summary>
public sealed class PersistenceOptions
{
    /// <summary>Transactions in which one worker persists orders at once, each on its own PostgreSQL connection.</summary>
    [Range(1, 64)] public int ConcurrentTransactions { get; set; } = 4;

    /// <summary>Messages that one worker has at once. Those for one item that wait for a transaction share it.</summary>
    [Range(1, 1_000)] public int Prefetch { get; set; } = 64;

    /// <summary>
    /// How long a worker retries a message while PostgreSQL or Redis is down, seconds. Then it gives all its messages back and consumes
    /// nothing until both answer. Some minutes less than the broker's consumer_timeout, which is 30 minutes by default.
    /// </summary>
    [Range(1, 86_400)] public int LongestRetrySeconds { get; set; } = 600;
}
