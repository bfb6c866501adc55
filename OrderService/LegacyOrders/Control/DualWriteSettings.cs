using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Control;

/// <summary>How the legacy database is used at the moment.</summary>
internal sealed record DualWriteSettings
{
    /// <summary>Which databases are written and read.</summary>
    public DualWriteMode Mode { get; init; }

    /// <summary>Share of users, in mode dual, who read the new row.</summary>
    public int ReadFromNewPercent { get; init; } = 100;

    /// <summary>Users who always read the new row.</summary>
    public long[] UsersReadingNew { get; init; } = [];

    /// <summary>Users who read the legacy row in mode dual, whatever the share is.</summary>
    public long[] UsersReadingLegacy { get; init; } = [];

    /// <summary>Another process has found the legacy database unusable.</summary>
    public bool OtherBreakerIsOpen { get; init; }

    /// <summary>Whether changes go to the legacy database.</summary>
    public bool Writes => Mode is DualWriteMode.Shadow or DualWriteMode.Dual;

    /// <summary>Whether this user's orders are read from the legacy row: the lists first, then a hash that never changes.</summary>
    public bool ReadsLegacy(long userId) =>
        Mode == DualWriteMode.Dual
        && !UsersReadingNew.Contains(userId)
        && (UsersReadingLegacy.Contains(userId) || Bucket(userId) >= ReadFromNewPercent);

    /// <summary>0 to 99 by the user alone, so that a growing share only ever moves users from legacy to new (splitmix64).</summary>
    internal static int Bucket(long userId)
    {
        var x = unchecked((ulong)userId + 0x9E3779B97F4A7C15);
        x = unchecked((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9);
        x = unchecked((x ^ (x >> 27)) * 0x94D049BB133111EB);
        return (int)((x ^ (x >> 31)) % 100);
    }
}

/// <summary>A change of the settings. A member that is null keeps its value.</summary>
internal sealed record DualWriteChange(
    DualWriteMode? Mode, int? ReadFromNewPercent = null, long[]? UsersReadingNew = null, long[]? UsersReadingLegacy = null);

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
