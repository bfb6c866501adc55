using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Audit;

/// <summary>Settings under <c>Auditor</c>.</summary>
public sealed class AuditorOptions
{
    /// <summary>
    /// Pause between two rounds over all items, milliseconds, at least; longer after a long round, so that audits take at most half of
    /// the time.
    /// </summary>
    [Range(10, 3_600_000)]
    public int IntervalMilliseconds { get; set; } = 2_500;

    /// <summary>Time between two looks whether Redis has lost data, milliseconds.</summary>
    [Range(10, 3_600_000)]
    public int LossIntervalMilliseconds { get; set; } = 1_000;

    /// <summary>Entries in one page; Redis does nothing else while it reads one, a few microseconds for each.</summary>
    [Range(10, 2_000)]
    public int PageSize { get; set; } = 500;

    /// <summary>
    /// An order that was placed later than this long ago, milliseconds, may wait for its hold: it came after a rebuild, and its
    /// worker gives it one.
    /// </summary>
    [Range(0, 60_000)]
    public int LateOrderMilliseconds { get; set; } = 3_000;
}
