using StackExchange.Redis;

namespace Seckill.Shared.Stock;

/// <summary>
/// A counter in Redis that only grows, kept in PostgreSQL as well. When it is lower than it was, Redis has lost writes that it had
/// confirmed: a restore from an older file, or a stale replica in place of the primary. Key <c>seckill:mark</c>, never deleted.
/// </summary>
/// <remarks>Throws as <see cref="StockLedger"/> does.</remarks>
public sealed class RedisMark(IConnectionMultiplexer redis)
{
    private static readonly RedisKey s_mark = "seckill:mark";
    private static readonly string s_script = StockScript.Load("mark.lua");

    /// <summary>The name of this store of data, or null when it has none yet. Another name is another store, an empty one.</summary>
    public async Task<string?> StoreAsync() => await redis.GetDatabase().HashGetAsync(s_mark, "store", CommandFlags.DemandMaster);

    /// <summary>Lets the counter grow, unless it is lower than it may be.</summary>
    /// <param name="store">The name that the caller knows, or null.</param>
    /// <param name="atLeast">What it has been in that store.</param>
    public async Task<(string Store, long Value, bool LostWrites)> AdvanceAsync(string? store, long atLeast)
    {
        RedisValue[] arguments = [Guid.NewGuid().ToString("N"), store ?? "", atLeast];
        var reply = ((RedisResult[]?)await StockScript.EvaluateAsync(redis, s_script, [s_mark], arguments))!;
        return ((string)reply[0]!, (long)reply[1], (bool)reply[2]);
    }
}
