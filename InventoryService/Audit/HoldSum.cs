using System.Globalization;

namespace Seckill.InventoryService.Audit;

/// <summary>
/// Adds up holds that are read page by page while orders come and go, and computes the bounds of their sum at the moment before the first
/// page. Without returns during the reading the bounds are equal, however many orders came.
/// </summary>
/// <param name="before">The item before the reading.</param>
internal sealed class HoldSum(ItemSnapshot before)
{
    // A page may repeat entries of another page.
    private readonly HashSet<UInt128> _seen = [];
    private long _all;
    private long _older;
    private long _sameMoment;
    private DateTimeOffset _newest;

    public void Add(IEnumerable<HoldEntry> page)
    {
        foreach (var (orderId, hold, _, _) in page)
        {
            var id = UInt128.TryParse(orderId, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number)
                ? number : (UInt128)(uint)orderId.GetHashCode(StringComparison.Ordinal);
            if (_seen.Add(id))
            {
                _all += hold.Units;
                _older += hold.ReservedAt < before.Now ? hold.Units : 0;
                _sameMoment += hold.ReservedAt == before.Now ? hold.Units : 0;
                _newest = hold.ReservedAt > _newest ? hold.ReservedAt : _newest;
            }
        }
    }

    /// <summary>Minimum and maximum of the units held before the reading.</summary>
    /// <param name="after">The item after the reading.</param>
    public (long Minimum, long Maximum) Bounds(ItemSnapshot after)
    {
        var released = after.Released - before.Released;
        var reserved = after.Held - before.Held + released;
        return reserved == 0 ? (_all, _all + released)
            // A hold from the future: the clock of Redis went back, so ages do not show which holds are new.
            : _newest > after.Now ? (_all - reserved, _all + released)
            : (_older, _older + _sameMoment + released);
    }
}
