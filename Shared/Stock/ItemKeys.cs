namespace Seckill.Shared.Stock;

/// <summary>The Redis keys of one sale item. The hash tag in braces keeps them in one cluster slot.</summary>
/// <remarks>
/// All keys live until the sale is archived and have no expiry: an eviction would lose an order. Until then only their entries are
/// removed: an outbox entry when its order is in PostgreSQL, a hold when its stock is returned.
/// </remarks>
public sealed class ItemKeys
{
    /// <summary>The keys of <paramref name="item"/>.</summary>
    public ItemKeys(ItemKey item)
    {
        Item = item;
        var tag = $"seckill:{{{item}}}:";
        State = tag + "item";
        Buyers = tag + "buyers";
        Holds = tag + "holds";
        Outbox = tag + "outbox";
        Orders = tag + "orders";
        Keys = tag + "keys";
        Changes = tag + "changes";
        Withdrawals = tag + "withdrawals";
        Alerts = tag + "alerts";
        Log = tag + "log";
        Returned = tag + "returned";
        ForRelease = [State, Buyers, Holds, Outbox, Orders, Returned];
        ForReserve = [State, Buyers, Holds, Outbox, Orders, Keys, Log, Returned];
        All = [.. ForReserve, Changes, Withdrawals, Alerts];
    }

    /// <summary>The item.</summary>
    public ItemKey Item { get; }

    /// <summary>Hash: counters, window, price.</summary>
    internal RedisKey State { get; }

    /// <summary>Hash: user → units held.</summary>
    internal RedisKey Buyers { get; }

    /// <summary>
    /// Hash: order → user:units:reserved at (unix ms), with the idempotency key behind it if there is one; every live reservation until its
    /// stock is returned.
    /// </summary>
    internal RedisKey Holds { get; }

    /// <summary>Sorted set: order by the time at which it is due for publishing; reserved, not yet known to be in PostgreSQL.</summary>
    internal RedisKey Outbox { get; }

    /// <summary>Hash: user → ids of the user's live orders, oldest first, with spaces between.</summary>
    internal RedisKey Orders { get; }

    /// <summary>Hash: user and idempotency key → order id, quantity, reserved at (unix ms). Outlives the hold.</summary>
    internal RedisKey Keys { get; }

    /// <summary>Set: names of the stock changes that were made.</summary>
    internal RedisKey Changes { get; }

    /// <summary>Hash: name of a partial withdrawal → units that it withdrew, where these are fewer than requested.</summary>
    internal RedisKey Withdrawals { get; }

    /// <summary>Hash: low and sold_out → number of the last crossing of the mark, and whether it is published.</summary>
    internal RedisKey Alerts { get; }

    /// <summary>List: every user who ever held units, each before the first of them.</summary>
    internal RedisKey Log { get; }

    /// <summary>
    /// Hash: user → orders of the user that were cancelled or expired and are returned, and when the newest was (unix ms).
    /// </summary>
    internal RedisKey Returned { get; }

    internal RedisKey[] ForReserve { get; }
    internal RedisKey[] All { get; }
    internal RedisKey[] ForRelease { get; }
}
