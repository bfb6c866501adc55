using System.Globalization;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Audit;

/// <summary>
/// Adds up holds that are read page by page while orders come and go, and says between which two numbers their sum lay at the
/// moment before the reading. Without returns during the reading it is one number, however many orders came.
/// </summary>
/// <param name="before">The item before the reading.</param>
internal sealed class HoldSum(ItemSnapshot before)
{
    // A page may repeat what another page had.
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

    /// <summary>Least and most units that were held before the reading.</summary>
    /// <param name="after">The item after the reading.</param>
    public (long Least, long Most) Bounds(ItemSnapshot after)
    {
        var released = after.Released - before.Released;
        var reserved = after.Held - before.Held + released;
        return reserved == 0 ? (_all, _all + released)
            // A hold from the future: the clock of Redis went back, so ages say nothing about what came during the reading.
            : _newest > after.Now ? (_all - reserved, _all + released)
            : (_older, _older + _sameMoment + released);
    }
}
