using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Outbox;

/// <summary>Settings under <c>Sweeper</c>.</summary>
public sealed class SweeperOptions
{
    /// <summary>Time between two rounds, milliseconds.</summary>
    [Range(10, 60_000)] public int IntervalMilliseconds { get; set; } = 1_000;

    /// <summary>Minimum age of an outbox entry, milliseconds. Younger entries are published by the instance that reserved them.</summary>
    [Range(0, 600_000)] public int MinimumAgeMilliseconds { get; set; } = 5_000;

    /// <summary>Longest pause between two attempts for one entry, milliseconds. The pause doubles up to this limit.</summary>
    [Range(100, 3_600_000)] public int LongestPauseMilliseconds { get; set; } = 300_000;
}
