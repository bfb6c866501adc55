using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Audit;

/// <summary>Settings under <c>Auditor</c>.</summary>
public sealed class AuditorOptions
{
    /// <summary>
    /// Time between two audits of the totals of all items, milliseconds. Shortest pause between two full audits of one item, order by
    /// order: it is longer for a large item, and for one that does not change.
    /// </summary>
    [Range(10, 3_600_000)] public int IntervalMilliseconds { get; set; } = 2_000;

    /// <summary>Time between two data-loss checks of Redis, milliseconds.</summary>
    [Range(10, 3_600_000)] public int LossIntervalMilliseconds { get; set; } = 1_000;

    /// <summary>Entries in one page. Reading a page blocks Redis for a few microseconds per entry.</summary>
    [Range(10, 2_000)] public int PageSize { get; set; } = 500;

    /// <summary>
    /// Age, milliseconds, below which a placed order may lack its hold: it arrived after a rebuild, and its worker is still restoring the
    /// hold. A difference between the totals of the two stores is a finding when it lasts this long.
    /// </summary>
    [Range(0, 60_000)] public int LateOrderMilliseconds { get; set; } = 3_000;
}
