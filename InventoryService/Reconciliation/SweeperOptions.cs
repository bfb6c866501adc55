using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>Settings under <c>Sweeper</c>.</summary>
public sealed class SweeperOptions
{
    /// <summary>Time between two rounds, milliseconds.</summary>
    [Range(10, 60_000)]
    public int IntervalMilliseconds { get; set; } = 1_000;

    /// <summary>A younger outbox entry is left to the instance that reserved it, milliseconds.</summary>
    [Range(0, 600_000)]
    public int MinimumAgeMilliseconds { get; set; } = 5_000;

    /// <summary>An entry is published again after at most this long, milliseconds. Until then the pause doubles.</summary>
    [Range(100, 3_600_000)]
    public int LongestPauseMilliseconds { get; set; } = 300_000;
}
