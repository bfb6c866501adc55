using System.Text.Json.Serialization;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Control;

/// <summary>How the legacy database is used. The column <c>dual_write_control.mode</c> has these as words.</summary>
[JsonConverter(typeof(EnumText<DualWriteMode>))]
public enum DualWriteMode
{
    /// <summary>Not at all; changes are not kept for later.</summary>
    Off,

    /// <summary>Changes go to both databases; all buyers read the new one.</summary>
    Shadow,

    /// <summary>Changes go to both databases; some buyers read the legacy one.</summary>
    Dual,

    /// <summary>Not any more; changes that wait are discarded.</summary>
    Retired,
}
