namespace Seckill.OrderService.WarmUp;

/// <summary>An item that is in no sale, and that no stranger can name: its sale has the highest id, its SKU is random.</summary>
internal static class RehearsedItem
{
    /// <summary>Of no item of a sale.</summary>
    public const string Number = "00000000";

    /// <summary>ISO 4217: no currency.</summary>
    public const string Currency = "XXX";

    /// <summary>Units, of which none is ever delivered; more than a rehearsal orders.</summary>
    public const int Units = 1_000_000;

    /// <summary>A new one.</summary>
    public static ItemKeys New() => new(new ItemKey(long.MaxValue, Random.Shared.NextInt64(1, long.MaxValue)));

    /// <summary>As it is in Redis: on sale for a day around now, by any clock that is not wrong by hours.</summary>
    public static ItemSnapshot Planned(DateTimeOffset now) => new(
        now, Units, Held: 0, Units, Number, UnitPrice: 1, Currency, now.AddDays(-1), now.AddDays(1), ItemState.Open,
        LimitPerUser: int.MaxValue, PaymentTimeoutSeconds: 60, OutboxDepth: 0);
}
