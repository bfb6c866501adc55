using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Reservations;

/// <summary>Settings under <c>Reservations</c>.</summary>
public sealed class ReservationOptions
{
    /// <summary>Maximum number of requests in one reserve.lua call. A longer script delays all other calls to Redis.</summary>
    [Range(1, ReserveBatch.MaximumSize)] public int MaxBatch { get; set; } = 512;

    /// <summary>Calls that one instance has in flight at once for one sale item. Meanwhile further requests gather.</summary>
    [Range(1, 64)] public int MaxCallsInFlight { get; set; } = 1;

    /// <summary>Requests that may wait for one sale item on one instance; one more gets 503 at once.</summary>
    [Range(1, 1_000_000)] public int QueueCapacity { get; set; } = 10_000;

    /// <summary>How long a buyer waits for an answer from Redis, milliseconds; then 503, outcome unknown, safe to retry.</summary>
    [Range(50, 60_000)] public int TimeoutMilliseconds { get; set; } = 2_000;

    /// <summary>Orders of one item that may wait to be persisted; at this many, new ones get 503.</summary>
    [Range(1, 10_000_000)] public int OutboxBound { get; set; } = 100_000;
}
