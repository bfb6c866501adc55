namespace Seckill.OrderService.LegacyOrders.Control;

/// <summary>How the legacy database is used at the moment.</summary>
/// <param name="Mode"><c>off</c>, <c>shadow</c>, <c>dual</c> or <c>retired</c>.</param>
/// <param name="ReadFromNewPercent">Share of users, in mode dual, whose orders are read from ours.</param>
/// <param name="UsersReadingNew">Users who read ours, whatever the share says.</param>
/// <param name="UsersReadingLegacy">Users who read theirs, whatever the share says.</param>
/// <param name="OtherBreakerIsOpen">Some process has found the legacy database unusable.</param>
internal sealed record DualWriteSettings(
    string Mode, int ReadFromNewPercent, long[] UsersReadingNew, long[] UsersReadingLegacy, bool OtherBreakerIsOpen)
{
    public static readonly DualWriteSettings Off = new("off", 100, [], [], false);

    /// <summary>Whether changes go to the legacy database.</summary>
    public bool Writes => Mode is "shadow" or "dual";

    /// <summary>Whether this user's orders are read from the legacy row: the lists first, then a hash that never changes.</summary>
    public bool ReadsLegacy(long userId) =>
        Mode == "dual"
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

/// <summary>A change of how the legacy database is used. What is null stays.</summary>
/// <param name="Mode"><c>off</c>, <c>shadow</c>, <c>dual</c> or <c>retired</c>.</param>
/// <param name="ReadFromNewPercent">0 to 100.</param>
/// <param name="UsersReadingNew">Users who read ours in mode dual, whatever the share says.</param>
/// <param name="UsersReadingLegacy">Users who read theirs in mode dual, whatever the share says.</param>
public sealed record DualWriteChange(
    string? Mode, int? ReadFromNewPercent = null, long[]? UsersReadingNew = null, long[]? UsersReadingLegacy = null);
