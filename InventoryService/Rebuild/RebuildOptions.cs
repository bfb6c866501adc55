using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Rebuild;

/// <summary>Settings under <c>Rebuild</c>.</summary>
public sealed class RebuildOptions
{
    /// <summary>True to rebuild an item as soon as the loss of its data is detected; otherwise an operator starts the rebuild.</summary>
    public bool Automatic { get; set; } = true;

    /// <summary>Time between two checks for items to rebuild, milliseconds.</summary>
    [Range(10, 600_000)] public int IntervalMilliseconds { get; set; } = 1_000;

    /// <summary>Maximum number of items that one process rebuilds at the same time.</summary>
    [Range(1, 8)] public int MaxConcurrentItems { get; set; } = 4;

    /// <summary>How long an attempt waits for accepted orders to reach PostgreSQL, milliseconds.</summary>
    [Range(0, 600_000)] public int DrainMilliseconds { get; set; } = 30_000;

    /// <summary>Maximum number of attempts to rebuild an item. The pause between two of them doubles, from a second to a minute.</summary>
    [Range(1, 1_000)] public int MaxAttempts { get; set; } = 10;

    /// <summary>Maximum number of orders restored in one step.</summary>
    [Range(1, 1_000)] public int MaxBatch { get; set; } = 500;
}
