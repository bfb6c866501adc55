namespace Seckill.OrderService.LegacyOrders.Control;

/// <summary>How the legacy database is used at the moment.</summary>
/// <param name="Mode">Which databases are written and read.</param>
/// <param name="ReadFromNewPercent">Share of users, in mode dual, who read the new row.</param>
/// <param name="UsersReadingNew">Users who always read the new row.</param>
/// <param name="UsersReadingLegacy">Users who read the legacy row in mode dual, whatever the share is.</param>
/// <param name="OtherBreakerIsOpen">Another process has found the legacy database unusable.</param>
internal sealed record DualWriteSettings(
    DualWriteMode Mode, int ReadFromNewPercent, long[] UsersReadingNew, long[] UsersReadingLegacy, bool OtherBreakerIsOpen)
{
    public static readonly DualWriteSettings Off = new(DualWriteMode.Off, 100, [], [], false);

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
