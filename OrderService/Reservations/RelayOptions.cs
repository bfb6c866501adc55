using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Reservations;

/// <summary>Settings under <c>Relay</c>.</summary>
public sealed class RelayOptions
{
    /// <summary>Maximum number of orders in a message.</summary>
    [Range(1, 4_096)] public int MaxBatch { get; set; } = 1_024;

    /// <summary>Orders of one sale item that may wait to be published; further ones are left to the sweeper.</summary>
    [Range(1, 10_000_000)] public int QueueCapacity { get; set; } = 20_000;
}
