namespace Seckill.Shared.Stock;

/// <summary>The record of a reservation: who holds how many units since when (Redis time).</summary>
public readonly record struct Hold(long UserId, int Units, DateTimeOffset ReservedAt)
{
    private static readonly long s_latestReservedAt = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Reads <c>user:units:unix ms</c>; false for anything else.</summary>
    public static bool TryParse(string? text, out Hold hold)
    {
        hold = default;
        var parts = (text ?? "").Split(':');
        if (parts.Length < 3
            || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var userId)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var units)
            || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var reservedAt)
            || reservedAt > s_latestReservedAt)
        {
            return false;
        }

        hold = new Hold(userId, units, DateTimeOffset.FromUnixTimeMilliseconds(reservedAt));
        return true;
    }
}
