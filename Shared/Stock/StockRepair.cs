using Seckill.Shared.Connections;

namespace Seckill.Shared.Stock;

/// <summary>An order whose hold is restored.</summary>
/// <param name="HasRoom">The sale has a waiting room: the order has used a turn.</param>
public sealed record HoldToRestore(
    string OrderId, long UserId, int Units, DateTime ReservedAt, string? IdempotencyKey = null, bool HasRoom = false);

/// <summary>An order that was cancelled or expired.</summary>
public sealed record ClosedOrder(string OrderId, long UserId, DateTime ClosedAt);

/// <summary>Outcome of stopping an item.</summary>
public enum FenceOutcome
{
    /// <summary>Another rebuild has ended meanwhile; nothing is changed.</summary>
    Superseded = -1,
    /// <summary>The item was stopped before.</summary>
    WasStopped = 0,
    /// <summary>The item is stopped.</summary>
    Stopped = 1,
}

/// <summary>Outcome of resetting an item.</summary>
public enum ResetOutcome
{
    /// <summary>Another rebuild has started since.</summary>
    Superseded = -1,
    /// <summary>An order in the outbox may not be in PostgreSQL yet.</summary>
    NotDrained = 0,
    /// <summary>The item has its whole allocation, and no holds.</summary>
    Done = 1,
}

/// <summary>
/// (11)(12) Changes of stock that no buyer makes: repairs by exact differences, and the steps of a rebuild. Each may be repeated, and
/// commutes with concurrent reservations and returns.
/// </summary>
/// <remarks>Throws as <see cref="StockLedger"/> does.</remarks>
public sealed class StockRepair(IConnectionMultiplexer redis)
{
    private static readonly long s_restoreWithin = (long)(0.75 * StockLedger.Timeout.TotalMilliseconds);
    private static readonly string s_rehold = StockScript.Load("rehold.lua");
    private static readonly string s_restoreTurns = StockScript.Load("restore_turns.lua");
    private static readonly string s_restoreReturns = StockScript.Load("restore_returns.lua");
    private static readonly string s_correct = StockScript.Load("correct.lua");
    private static readonly string s_mendBuyer = StockScript.Load("mend_buyer.lua");
    private static readonly string s_requeue = StockScript.Load("requeue.lua");
    private static readonly string s_fence = StockScript.Load("fence.lua");
    private static readonly string s_reset = StockScript.Load("reset.lua");
    private static readonly string s_reopen = StockScript.Load("reopen.lua");

    /// <summary>
    /// Deadline (time of the Redis with this item, unix ms) for restoring the holds of orders that are read and locked from now on. It is
    /// nearer than <see cref="StockLedger.Timeout"/>, so a call that timed out can no longer take effect.
    /// </summary>
    public async Task<long> DeadlineAsync(ItemKeys item) =>
        (await RedisClient.TimeAsync(redis, item.State)).ToUnixTimeMilliseconds() + s_restoreWithin;

    /// <summary>Restores the holds of orders and takes their units from sale: see rehold.lua.</summary>
    /// <param name="orders">Live orders that no process can close before <paramref name="deadline"/>.</param>
    /// <param name="deadline">From <see cref="DeadlineAsync"/>.</param>
    /// <param name="writes">Gets the change that was made.</param>
    /// <returns>Number of restored holds; -1 when the item is not warm.</returns>
    /// <exception cref="TimeoutException">The deadline has passed; nothing was changed.</exception>
    public async Task<int> RestoreAsync(
        ItemKeys item, IEnumerable<HoldToRestore> orders, long deadline, ICollection<StockWrite>? writes = null)
    {
        RedisValue[] arguments =
        [
            deadline, .. orders.SelectMany(order => new RedisValue[]
            {
                order.OrderId, order.UserId, order.Units, UnixMilliseconds(order),
            }),
        ];
        var reply = ((RedisResult[]?)await EvaluateAsync(s_rehold, [item.State, item.Buyers, item.Holds, item.Orders], arguments))!;
        var restored = (int)reply[0];
        if (restored > 0)
        {
            StockLedger.AddWrite(writes, reply.AsSpan(1));
        }

        return restored == -2
            ? throw new TimeoutException("Redis executed the restore of holds after its deadline, so it did nothing.") : restored;
    }

    /// <summary>
    /// Restores the idempotency keys of these orders, live or not, and the turns that they used. Repeatable at any time: a key that leads
    /// to an order already keeps it. Nothing is written for an item that is not in Redis: its sale is archived, and nothing would remove
    /// the keys; or it was lost, and its rebuild restores them.
    /// </summary>
    public async Task RestoreKeysAsync(ItemKeys item, IReadOnlyCollection<HoldToRestore> orders)
    {
        var database = redis.GetDatabase();
        if ((await database.HashGetAsync(item.State, "available", CommandFlags.DemandMaster)).IsNull)
        {
            return;
        }

        RedisValue[] turns =
            [.. orders.Where(order => order.HasRoom).SelectMany(order => new RedisValue[] { order.UserId, UnixMilliseconds(order) })];
        if (turns.Length > 0)
        {
            await EvaluateAsync(s_restoreTurns, [item.Keys], turns);
        }

        var restored = await Task.WhenAll(orders.Where(order => order.IdempotencyKey is not null).Select(order => database.HashSetAsync(
            item.Keys,
            string.Create(CultureInfo.InvariantCulture, $"{order.UserId} {order.IdempotencyKey}"),
            string.Create(CultureInfo.InvariantCulture, $"{order.OrderId} {order.Units} {UnixMilliseconds(order)}"),
            When.NotExists,
            CommandFlags.DemandMaster)));
        if (restored.Contains(true))
        {
            // The log does not name who has such a key, and begins again.
            await database.HashSetAsync(item.State, "logged", -1, flags: CommandFlags.DemandMaster);
        }
    }

    /// <summary>Counts closed orders of an item that is being rebuilt against their buyers: see restore_returns.lua.</summary>
    /// <param name="token">Token of the rebuild.</param>
    /// <param name="orders">Cancelled or expired, each once in a rebuild.</param>
    public Task RestoreReturnsAsync(ItemKeys item, string token, IEnumerable<ClosedOrder> orders) =>
        EvaluateAsync(
            s_restoreReturns, [item.State, item.Holds, item.Returned],
            [
                token, .. orders.SelectMany(order => new RedisValue[]
                {
                    order.OrderId, order.UserId, new DateTimeOffset(order.ClosedAt).ToUnixTimeMilliseconds(),
                }),
            ]);

    /// <summary>Corrects counters by differences that are exact for the item after <paramref name="repairs"/> repairs.</summary>
    /// <returns>False when another repair came first.</returns>
    public async Task<bool> CorrectAsync(ItemKeys item, long repairs, int allocated, int available, int held) =>
        (bool)await EvaluateAsync(s_correct, [item.State], [repairs, allocated, available, held]);

    /// <summary>Derives the count and the list of a buyer from the holds of the buyer.</summary>
    public Task MendBuyerAsync(ItemKeys item, long userId, IEnumerable<string> orderIds) =>
        EvaluateAsync(
            s_mendBuyer, [item.Buyers, item.Holds, item.Orders], [userId, .. orderIds.Select(id => (RedisValue)id)]);

    /// <summary>Puts held orders into the outbox again.</summary>
    public Task RequeueAsync(ItemKeys item, IEnumerable<string> orderIds) =>
        EvaluateAsync(s_requeue, [item.Outbox, item.Holds], [.. orderIds.Select(id => (RedisValue)id)]);

    /// <summary>Stops an item until it is rebuilt; creates it without stock when it is missing.</summary>
    /// <param name="plan">Its constant fields.</param>
    /// <param name="token">Token of the rebuild that starts; empty when none does.</param>
    public async Task<FenceOutcome> FenceAsync(ItemKeys item, ItemSnapshot plan, string token = "")
    {
        var epoch = await redis.GetDatabase().HashGetAsync(item.State, "epoch", CommandFlags.DemandMaster);
        return (FenceOutcome)(int)await EvaluateAsync(
            s_fence, [item.State],
            [token, epoch.IsNull ? RedisValue.EmptyString : epoch, "allocated", plan.Allocated, .. StockLedger.Plan(plan)]);
    }

    /// <summary>Resets a stopped item to its allocation.</summary>
    public async Task<ResetOutcome> ResetAsync(ItemKeys item, ItemSnapshot plan, string token) =>
        (ResetOutcome)(int)await EvaluateAsync(
            s_reset,
            [item.State, item.Buyers, item.Holds, item.Outbox, item.Orders, item.Changes, item.Returned],
            [token, plan.Allocated, .. StockLedger.Plan(plan)]);

    /// <summary>Puts a rebuilt item on sale again.</summary>
    /// <returns>False when another rebuild has started since.</returns>
    public async Task<bool> ReopenAsync(ItemKeys item, string token, int epoch, ItemState state, long stateVersion = 0) =>
        (bool)await EvaluateAsync(s_reopen, [item.State], [token, epoch, state.Text(), item.Item.ToString(), stateVersion]);

    private static long UnixMilliseconds(HoldToRestore order) => new DateTimeOffset(order.ReservedAt).ToUnixTimeMilliseconds();

    private Task<RedisResult> EvaluateAsync(string script, RedisKey[] keys, RedisValue[] arguments) =>
        StockScript.EvaluateAsync(redis, script, keys, arguments);
}
