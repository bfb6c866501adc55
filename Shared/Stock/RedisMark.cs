namespace Seckill.Shared.Stock;

/// <summary>
/// A counter in Redis that only grows, also stored in PostgreSQL. A lower value means that Redis has lost confirmed writes: after a restore
/// from an older file, or with a stale replica as primary. Key <c>seckill:mark</c>, never deleted.
/// </summary>
/// <remarks>Throws as <see cref="StockLedger"/> does.</remarks>
public sealed class RedisMark(IConnectionMultiplexer redis)
{
    private static readonly RedisKey s_mark = "seckill:mark";
    private static readonly string s_script = StockScript.Load("mark.lua");

    /// <summary>The name of this data set, or null when it has none yet. Another name is another data set, which started empty.</summary>
    public async Task<string?> StoreAsync() => await redis.GetDatabase().HashGetAsync(s_mark, "store", CommandFlags.DemandMaster);

    /// <summary>Increments the counter, unless it is below <paramref name="atLeast"/>.</summary>
    /// <param name="store">The known name, or null.</param>
    /// <param name="atLeast">Highest known value in that data set.</param>
    public async Task<(string Store, long Value, bool LostWrites)> AdvanceAsync(string? store, long atLeast)
    {
        RedisValue[] arguments = [Guid.NewGuid().ToString("N"), store ?? "", atLeast];
        var reply = ((RedisResult[]?)await StockScript.EvaluateAsync(redis, s_script, [s_mark], arguments))!;
        return ((string)reply[0]!, (long)reply[1], (bool)reply[2]);
    }
}
