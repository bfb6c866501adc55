using Seckill.Shared.Connections;
using Seckill.Shared.Contracts;

namespace Seckill.Shared.Stock;

/// <summary>
/// Stock in Redis: the only code that knows the keys of a sale item, its scripts and their replies. See <see cref="ItemKeys"/>
/// for what is stored and who deletes it, and the header of each script for its contract.
/// </summary>
/// <remarks>
/// Every method throws <see cref="RedisException"/> when Redis fails, and <see cref="TimeoutException"/> after <see cref="Timeout"/>:
/// then the outcome is unknown. Only the primary is asked, also for reads, because a replica may be stale.
/// </remarks>
/// <param name="redis">The connection to it.</param>
/// <param name="replicated">Runs what replicas must have before it counts; null when none needs to.</param>
public sealed class StockLedger(IConnectionMultiplexer redis, ReplicatedRedis? replicated = null)
{
    /// <summary>Timeout of a call. A call may exceed it by one heartbeat of the client.</summary>
    public static readonly TimeSpan Timeout = RedisClient.Timeout;

    private const int OrdersInARelease = 256;
    private static readonly RedisChannel s_restocked = RedisChannel.Literal("seckill:restocked");
    private static readonly string s_settle = StockScript.Load("settle.lua");
    private static readonly string s_reserve = StockScript.Load("reserve.lua");
    private static readonly string s_warm = StockScript.Load("warm.lua");
    private static readonly string s_close = StockScript.Load("close.lua");
    private static readonly string s_edit = StockScript.Load("edit.lua");
    private static readonly string s_inspect = StockScript.Load("inspect.lua");
    private static readonly string s_claim = StockScript.Load("claim.lua");
    private static readonly string s_release = StockScript.Load("release.lua");
    private static readonly string s_adjust = StockScript.Load("adjust.lua");
    private static readonly string s_notice = StockScript.Load("notice.lua");
    private static readonly string s_told = StockScript.Load("told.lua");
    private static readonly string s_fence = StockScript.Load("fence.lua");
    private static readonly string s_rehearse = StockScript.Load("rehearse.lua");

    private IDatabase Database => redis.GetDatabase();

    /// <summary>(3) Reserves a whole batch in one call; the batch then holds the reply.</summary>
    /// <param name="outboxBound">Maximum number of orders in the outbox.</param>
    /// <param name="known">The newest stock of the item that the caller knows. An older one is not sold: it has lost writes.</param>
    public async Task ReserveAsync(ItemKeys item, ReserveBatch batch, int outboxBound, StockVersion known = default) =>
        batch.SetReply(((RedisResult[]?)await ReplicateAsync(s_reserve, item.ForReserve, batch.Arguments(outboxBound, known)))!);

    /// <summary>Waits until Redis has answered all earlier calls, or the connection is lost. Does not throw.</summary>
    public async Task AnswersAsync()
    {
        Task answer;
        do
        {
            answer = Database.PingAsync(CommandFlags.DemandMaster);
            await answer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        // After several timeouts the client drops the connection, and a call without a connection fails at once.
        while (answer.Exception?.InnerException is TimeoutException);
    }

    /// <summary>(7) Removes orders that are in PostgreSQL from the outbox. Repeatable.</summary>
    /// <returns>The orders without a hold: already returned, or reserved before Redis lost data.</returns>
    public async Task<IReadOnlyList<string>> SettleAsync(ItemKeys item, IEnumerable<string> orderIds)
    {
        var reply = await EvaluateAsync(
            s_settle, [item.Outbox, item.Holds], [.. orderIds.Select(id => (RedisValue)id)]);
        return ((string[]?)reply)!;
    }

    /// <summary>Makes an item sellable with all its stock; an item that is warm keeps what it has and is only opened again.</summary>
    /// <param name="fresh">As it is planned, with the version of the sale's state.</param>
    /// <param name="isNew">False for an item that was warm once: it is not created again.</param>
    public async Task<WarmOutcome> WarmAsync(ItemKeys item, ItemSnapshot fresh, bool isNew = true)
    {
        RedisValue[] arguments =
            [fresh.StateVersion, isNew, "available", fresh.Available, "allocated", fresh.Allocated, .. Plan(fresh)];
        return (WarmOutcome)(int)await EvaluateAsync(s_warm, [item.State], arguments);
    }

    /// <summary>Makes an item that is in no sale. Nothing of it, or of its orders, outlives <paramref name="life"/>.</summary>
    public Task RehearseAsync(ItemKeys item, ItemSnapshot fresh, TimeSpan life) => EvaluateAsync(
        s_rehearse, item.ForReserve,
        [(long)life.TotalMilliseconds, "available", fresh.Available, "allocated", fresh.Allocated, .. Plan(fresh)]);

    /// <summary>Deletes such an item before its time.</summary>
    public Task EndRehearsalAsync(ItemKeys item) => Database.KeyDeleteAsync(item.ForReserve, CommandFlags.DemandMaster);

    /// <summary>Deletes everything of an item whose sale is archived. Repeatable.</summary>
    public Task RemoveAsync(ItemKeys item) => Database.KeyDeleteAsync(item.All, CommandFlags.DemandMaster);

    /// <summary>Stops the selling of an item by hand.</summary>
    /// <param name="version">Of the sale's state.</param>
    public async Task<CloseOutcome> CloseAsync(ItemKeys item, long version) =>
        (CloseOutcome)(int)await EvaluateAsync(s_close, [item.State], [version]);

    /// <summary>Gives an item the terms and the state of its sale's row.</summary>
    /// <param name="planned">As the row has it, with the version of the sale's state. Its units stay as they are in Redis.</param>
    /// <param name="state">Open or closed.</param>
    public async Task<EditOutcome> EditAsync(ItemKeys item, ItemSnapshot planned, ItemState state) =>
        (EditOutcome)(int)await EvaluateAsync(s_edit, [item.State], [planned.StateVersion, state.Text(), .. Terms(planned)]);

    /// <summary>The item at this instant, or null when it is not warm.</summary>
    public async Task<ItemSnapshot?> InspectAsync(ItemKeys item)
    {
        var reply = ((RedisResult[]?)await EvaluateAsync(s_inspect, [item.State, item.Outbox], []))!;
        return reply.Length == 0
            ? null
            : new ItemSnapshot(
                Now: DateTimeOffset.FromUnixTimeMilliseconds((long)reply[0]),
                Available: (int)reply[1],
                Held: (int)reply[2],
                Allocated: (int)reply[3],
                Number: (string)reply[4]!,
                UnitPrice: (long)reply[5],
                Currency: (string)reply[6]!,
                OpensAt: DateTimeOffset.FromUnixTimeMilliseconds((long)reply[7]),
                ClosesAt: DateTimeOffset.FromUnixTimeMilliseconds((long)reply[8]),
                State: ItemStates.Parse((string)reply[9]!),
                LimitPerUser: (int)reply[10],
                PaymentTimeoutSeconds: (int)reply[11],
                OutboxDepth: (long)reply[12])
            {
                Epoch = (int)reply[13], Released = (long)reply[14], Repairs = (long)reply[15], StateVersion = (long)reply[16],
                Seq = (long)reply[17], Room = (RoomPolicy)(int)reply[18], OrdersPerUser = (int)reply[19], CoolDownSeconds = (int)reply[20],
            };
    }

    /// <summary>The hold of an order, and whether the order is still in the outbox; null when there is no hold.</summary>
    public async Task<(Hold Hold, bool InOutbox)?> FindHoldAsync(ItemKeys item, string orderId)
    {
        var hold = Database.HashGetAsync(item.Holds, orderId, CommandFlags.DemandMaster);
        var score = Database.SortedSetScoreAsync(item.Outbox, orderId, CommandFlags.DemandMaster);
        await Task.WhenAll(hold, score);
        return Hold.TryParse(await hold, out var found) ? (found, (await score).HasValue) : null;
    }

    /// <summary>The holds of orders, in their order; null where there is none.</summary>
    public async Task<Hold?[]> FindHoldsAsync(ItemKeys item, RedisValue[] orderIds) =>
    [
        .. (await Database.HashGetAsync(item.Holds, orderIds, CommandFlags.DemandMaster))
            .Select(text => Hold.TryParse(text, out var hold) ? hold : (Hold?)null),
    ];

    /// <summary>The ids of a user's live orders of several items; null while one of the items is lost or not warm.</summary>
    public async Task<IReadOnlyList<string>?> LiveOrdersAsync(IEnumerable<ItemKeys> items, long userId)
    {
        // Sent together: one round trip, whatever the number of items.
        var found = await Task.WhenAll(items.Select(async item =>
        {
            var state = Database.HashGetAsync(item.State, "state", CommandFlags.DemandMaster);
            var orders = Database.HashGetAsync(item.Orders, userId, CommandFlags.DemandMaster);
            return (State: await state, Orders: (string?)await orders ?? "");
        }));
        return found.Any(item => item.State.IsNull || item.State == ItemState.Lost.Text())
            ? null : [.. found.SelectMany(item => item.Orders.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
    }

    /// <summary>(10) Claims the oldest outbox entries that are due: see claim.lua.</summary>
    /// <param name="minimumAge">A younger entry is published by the instance that reserved it.</param>
    /// <param name="maximum">Maximum number of entries.</param>
    /// <param name="longestWait">Longest time until an entry is due again.</param>
    /// <returns>Order ids with their holds; the hold is null for an entry that has none.</returns>
    public async Task<IReadOnlyList<(string OrderId, Hold? Hold)>> ClaimAsync(
        ItemKeys item, TimeSpan minimumAge, int maximum, TimeSpan longestWait)
    {
        RedisValue[] arguments = [(long)minimumAge.TotalMilliseconds, maximum, (long)longestWait.TotalMilliseconds];
        var reply = ((RedisResult[]?)await EvaluateAsync(s_claim, [item.Outbox, item.Holds], arguments))!;
        var claimed = new List<(string, Hold?)>(reply.Length / 2);
        for (var i = 1; i < reply.Length; i += 2)
        {
            claimed.Add(((string)reply[i]!, Hold.TryParse((string?)reply[i + 1], out var hold) ? hold : null));
        }

        return claimed;
    }

    /// <summary>
    /// Number of orders in the outbox, and the age of the oldest among the thousand that are due first and the thousand that are due last,
    /// where orders are whose time is in the future since the clock was set back. Zero when the item is not warm.
    /// </summary>
    public async Task<(long Depth, TimeSpan Oldest)> InspectOutboxAsync(ItemKeys item)
    {
        const int Sample = 1000;
        var depth = await Database.SortedSetLengthAsync(item.Outbox, flags: CommandFlags.DemandMaster);
        var first = await Database.SortedSetRangeByRankAsync(item.Outbox, 0, Sample - 1, flags: CommandFlags.DemandMaster);
        var last = depth <= Sample
            ? [] : await Database.SortedSetRangeByRankAsync(item.Outbox, -Sample, -1, flags: CommandFlags.DemandMaster);
        var holds = first.Length == 0 ? [] : await Database.HashGetAsync(item.Holds, [.. first, .. last], CommandFlags.DemandMaster);
        var ages = await InspectAsync(item) is { Now: var now }
            ? holds.Select(text => Hold.TryParse(text, out var hold) ? hold.AgeAt(now) : TimeSpan.Zero) : [];
        return (depth, ages.Append(TimeSpan.Zero).Max());
    }

    /// <summary>(9) Returns the units of closed orders and notifies every instance. Repeatable.</summary>
    /// <param name="writes">Gets the changes that were made.</param>
    /// <param name="count">False for orders that must not count as made by their buyers: rejected, or held again at once.</param>
    /// <returns>Number of orders whose units came back in this call.</returns>
    public async Task<int> ReleaseAsync(
        ItemKeys item, IEnumerable<string> orderIds, ICollection<StockWrite>? writes = null, bool count = true)
    {
        var released = 0;
        // In pieces, because a longer script delays all buyers.
        foreach (var piece in orderIds.Chunk(OrdersInARelease))
        {
            RedisValue[] arguments = [item.Item.ToString(), count, .. piece.Select(id => (RedisValue)id)];
            var reply = ((RedisResult[]?)await ReplicateAsync(s_release, item.ForRelease, arguments))!;
            released += (int)reply[0];
            AddWrite(writes, reply.AsSpan(1));
        }

        return released;
    }

    /// <summary>Adds units, or withdraws available ones. Repeatable: the same change is made, or refused, once.</summary>
    /// <param name="writes">Gets the change that was made.</param>
    /// <returns>The outcome, and the units that the change made, now or before.</returns>
    public async Task<(AdjustOutcome Outcome, int Units)> AdjustAsync(
        ItemKeys item, StockAdjustment change, ICollection<StockWrite>? writes = null)
    {
        var reply = ((RedisResult[]?)await ReplicateAsync(
            s_adjust, [item.State, item.Changes, item.Withdrawals],
            [
                item.Item.ToString(),
                change.StartedAt == 0 ? change.Key : string.Create(CultureInfo.InvariantCulture, $"{change.Key} {change.StartedAt}"),
                change.Units, change.Key, change.Epoch, change.Partial,
            ]))!;
        AddWrite(writes, reply.AsSpan(2));
        return ((AdjustOutcome)(int)reply[0], (int)reply[1]);
    }

    /// <summary>Stops an item that has lost writes until its rebuild, unless it was rebuilt since.</summary>
    /// <param name="epoch">In which it lost them.</param>
    public async Task<FenceOutcome> FenceAsync(ItemKeys item, int epoch) =>
        (FenceOutcome)(int)await EvaluateAsync(s_fence, [item.State], ["", epoch]);

    /// <summary>Checks whether stock has fallen to a mark, and claims unpublished crossings: see notice.lua.</summary>
    /// <param name="lowShare">Share of the allocation at which stock is low.</param>
    /// <param name="claim">How long the claim lasts; no other caller gets the same crossing meanwhile.</param>
    /// <returns>Null when the item is not warm.</returns>
    public async Task<StockNotice?> NoticeAsync(ItemKeys item, double lowShare, TimeSpan claim)
    {
        RedisValue[] arguments = [lowShare, (long)claim.TotalMilliseconds];
        var reply = ((RedisResult[]?)await EvaluateAsync(s_notice, [item.State, item.Alerts], arguments))!;
        return reply.Length == 0
            ? null
            : new StockNotice(
                DateTimeOffset.FromUnixTimeMilliseconds((long)reply[0]), (int)reply[1], (int)reply[2], (long)reply[3], (long)reply[4]);
    }

    /// <summary>Marks a crossing as published. Repeatable.</summary>
    /// <returns>False when stock has risen above the mark since.</returns>
    public async Task<bool> MarkPublishedAsync(ItemKeys item, StockMark mark, long crossing) =>
        (bool)await EvaluateAsync(
            s_told, [item.Alerts], [mark == StockMark.Low ? "low" : "sold_out", crossing]);

    /// <summary>False while announcements of returned stock do not arrive.</summary>
    public bool HearsRestocks => redis.GetSubscriber().IsConnected(s_restocked);

    /// <summary>Calls back, on a thread of the pool, when units of an item become available again.</summary>
    /// <param name="notifyAll">Called when an announcement of any item may have been lost.</param>
    public void OnRestocked(Action<ItemKey> notify, Action? notifyAll = null)
    {
        redis.ConnectionFailed += (_, _) => notifyAll?.Invoke();
        redis.ConnectionRestored += (_, _) => notifyAll?.Invoke();
        _ = redis.GetSubscriber().SubscribeAsync(s_restocked, (_, message) =>
        {
            if (ItemKey.TryParse(message, out var item))
            {
                notify(item);
            }
        });
    }

    /// <summary>The fields of an item that orders do not change.</summary>
    internal static RedisValue[] Plan(ItemSnapshot item) => [.. Terms(item), "epoch", item.Epoch];

    // What the sale's row decides. The epoch is not among it: only a rebuild writes that.
    private static RedisValue[] Terms(ItemSnapshot item) =>
    [
        "number", item.Number, "price", item.UnitPrice, "currency", item.Currency,
        "opens", item.OpensAt.ToUnixTimeMilliseconds(), "closes", item.ClosesAt.ToUnixTimeMilliseconds(),
        "limit", item.LimitPerUser, "payment_timeout", item.PaymentTimeoutSeconds, "room", (int)item.Room,
        "orders_per_user", item.OrdersPerUser, "cool_down", item.CoolDownSeconds,
    ];

    /// <summary>Adds the change that a script answers as epoch, seq and Redis time, if it made one.</summary>
    internal static void AddWrite(ICollection<StockWrite>? writes, ReadOnlySpan<RedisResult> reply)
    {
        if (reply is [var epoch, var seq, var at] && (long)seq > 0)
        {
            writes?.Add(new(new((int)epoch, (long)seq), DateTimeOffset.FromUnixTimeMilliseconds((long)at)));
        }
    }

    private Task<RedisResult> ReplicateAsync(string script, RedisKey[] keys, RedisValue[] arguments) =>
        replicated is null ? EvaluateAsync(script, keys, arguments) : replicated.EvaluateAsync(script, keys, arguments);

    private Task<RedisResult> EvaluateAsync(string script, RedisKey[] keys, RedisValue[] arguments) =>
        StockScript.EvaluateAsync(redis, script, keys, arguments);
}
