using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.OrderEvents;

/// <summary>Settings under <c>OrderEvents</c>.</summary>
public sealed class OrderEventOptions
{
    /// <summary>True to publish events of orders to the exchange seckill.orders.</summary>
    public bool Publish { get; set; } = true;

    /// <summary>
    /// Events that one process publishes each second, at most. A sale makes many at once, and they can wait; its buyers cannot.
    /// </summary>
    [Range(1, 1_000_000)] public int MostPerSecond { get; set; } = 2_000;

    /// <summary>Days for which events can be read. Those that the exchange still waits for stay longer.</summary>
    [Range(1, 3_650)] public int RetentionDays { get; set; } = 30;

    /// <summary>The source of the events, a URI reference (CloudEvents): what tells two installations apart.</summary>
    [Required, StringLength(200, MinimumLength = 1)] public string Source { get; set; } = "/seckill";
}
