using Seckill.Shared.Contracts;

namespace Seckill.Shared.Stock;

/// <summary>The record of a reservation: who holds how many units since when (Redis time).</summary>
public readonly record struct Hold(long UserId, int Units, DateTimeOffset ReservedAt)
{
    private static readonly long s_latestReservedAt = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>
    /// Time since the reservation. When the clock of Redis was set back since, the amount: an order from the future is late, and not new.
    /// </summary>
    /// <param name="now">Redis time.</param>
    public TimeSpan AgeAt(DateTimeOffset now) => (now - ReservedAt).Duration();

    /// <summary>Of the request, if it had one: the message and the row of the order carry it, so that a rebuild can restore it.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>The order that has this hold, as a message carries it.</summary>
    public ReservedOrder ToOrder(string orderId) => new(orderId, UserId, Units, ReservedAt) { IdempotencyKey = IdempotencyKey };

    /// <summary>Reads <c>user:units:unix ms</c>, and perhaps <c>:idempotency key</c>; false for anything else.</summary>
    public static bool TryParse(string? text, out Hold hold)
    {
        hold = default;
        var parts = (text ?? "").Split(':', 4);
        if (parts.Length < 3
            || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var userId)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var units)
            || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var reservedAt)
            || reservedAt > s_latestReservedAt)
        {
            return false;
        }

        hold = new Hold(userId, units, DateTimeOffset.FromUnixTimeMilliseconds(reservedAt))
        {
            IdempotencyKey = parts.Length > 3 ? parts[3] : null,
        };
        return true;
    }
}
