using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Rebuild;

/// <summary>Settings under <c>Rebuild</c>.</summary>
public sealed class RebuildOptions
{
    /// <summary>True to rebuild an item as soon as it is known that Redis lost its data; else it waits for an operator.</summary>
    public bool Automatic { get; set; }

    /// <summary>Time between two looks for items to rebuild, milliseconds.</summary>
    [Range(10, 600_000)]
    public int IntervalMilliseconds { get; set; } = 1_000;

    /// <summary>How long a rebuild waits for accepted orders on their way to PostgreSQL, milliseconds.</summary>
    [Range(0, 600_000)]
    public int DrainMilliseconds { get; set; } = 30_000;

    /// <summary>Orders whose holds are given back in one step.</summary>
    [Range(1, 1_000)]
    public int MaxBatch { get; set; } = 500;
}
