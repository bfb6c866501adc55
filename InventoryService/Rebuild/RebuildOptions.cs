using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Rebuild;

/// <summary>Settings under <c>Rebuild</c>.</summary>
public sealed class RebuildOptions
{
    /// <summary>True to rebuild an item as soon as the loss of its data is detected; otherwise an operator starts the rebuild.</summary>
    public bool Automatic { get; set; }

    /// <summary>Time between two checks for items to rebuild, milliseconds.</summary>
    [Range(10, 600_000)] public int IntervalMilliseconds { get; set; } = 1_000;

    /// <summary>How long a rebuild waits for accepted orders to reach PostgreSQL, milliseconds.</summary>
    [Range(0, 600_000)] public int DrainMilliseconds { get; set; } = 30_000;

    /// <summary>Maximum number of holds restored in one step.</summary>
    [Range(1, 1_000)] public int MaxBatch { get; set; } = 500;
}
