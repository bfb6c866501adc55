using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Audit;

/// <summary>Settings under <c>Auditor</c>.</summary>
public sealed class AuditorOptions
{
    /// <summary>
    /// Shortest pause between two rounds over all items, milliseconds. It is longer after a long round, so that audits take at most half
    /// of the time.
    /// </summary>
    [Range(10, 3_600_000)] public int IntervalMilliseconds { get; set; } = 2_500;

    /// <summary>Time between two data-loss checks of Redis, milliseconds.</summary>
    [Range(10, 3_600_000)] public int LossIntervalMilliseconds { get; set; } = 1_000;

    /// <summary>Entries in one page. Reading a page blocks Redis for a few microseconds per entry.</summary>
    [Range(10, 2_000)] public int PageSize { get; set; } = 500;

    /// <summary>
    /// Age, milliseconds, below which a placed order may lack its hold: it arrived after a rebuild, and its worker is still restoring the
    /// hold.
    /// </summary>
    [Range(0, 60_000)] public int LateOrderMilliseconds { get; set; } = 3_000;
}
