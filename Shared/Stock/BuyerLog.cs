namespace Seckill.Shared.Stock;

/// <summary>A page of the log of an item.</summary>
/// <param name="BeganAt">
/// When the log began, unix ms; 0: with the first order. Another time is another log: it does not name the buyers of the one before.
/// </param>
/// <param name="Size">Users in the log.</param>
/// <param name="Buyers">Users who hold units now, or idempotency keys, whichever are more.</param>
/// <param name="Users">The page; empty after the last user of the log.</param>
public sealed record BuyerLogPage(long BeganAt, long Size, long Buyers, IReadOnlyList<long> Users);

/// <summary>
/// Reads the buyers of an item, who may be millions, in pages that block Redis for a fraction of a millisecond. The log names them in the
/// order in which they came, so that a reader continues where it stopped. Who has an idempotency key there was a buyer once.
/// </summary>
/// <remarks>Throws as <see cref="StockLedger"/> does.</remarks>
public sealed class BuyerLog(IConnectionMultiplexer redis)
{
    /// <summary>Maximum number of users in a page of the log.</summary>
    public const int PageSize = 2_000;

    private const int ScanSize = 500;
    private const char OfKeys = 'k';
    private static readonly string s_inspect = StockScript.Load("inspect_log.lua");

    /// <summary>The users of the log after the first <paramref name="read"/>.</summary>
    /// <param name="read">Users that the caller has read, of a log of which it knows when it began.</param>
    /// <returns>Null when the item is not warm, or waits for its rebuild.</returns>
    public async Task<BuyerLogPage?> ReadAsync(ItemKeys item, long read)
    {
        // The users first: if the caller's log is there afterwards, it was there when they were read. Not in the script, which would take
        // six times as long to return them.
        var users = await redis.GetDatabase().ListRangeAsync(item.Log, read, read + PageSize - 1, CommandFlags.DemandMaster);
        RedisKey[] keys = [item.State, item.Buyers, item.Log, item.Keys];
        var state = ((RedisResult[]?)await StockScript.EvaluateAsync(redis, s_inspect, keys, []))!;
        return state.Length == 0
            ? null
            : new BuyerLogPage((long)state[0], (long)state[1], (long)state[2], [.. users.Select(user => (long)user)]);
    }

    /// <summary>
    /// One page of the users who hold units, and after these of the users who have an idempotency key. Who holds some
    /// during the whole scan, or has a key, is in at least one of its pages.
    /// </summary>
    /// <param name="cursor"><c>0</c> at first, then that of the page before.</param>
    /// <returns>The next cursor, null after the last page, and some hundreds of users.</returns>
    public async Task<(string? Next, IReadOnlyList<long> Users)> ScanAsync(ItemKeys item, string cursor)
    {
        // The keys last: who gives units back meanwhile, and has a key of before, is there.
        var ofKeys = cursor.StartsWith(OfKeys);
        var reply = (RedisResult[])(await redis.GetDatabase().ExecuteAsync(
            "HSCAN", [ofKeys ? item.Keys : item.Buyers, cursor.TrimStart(OfKeys), "COUNT", ScanSize], CommandFlags.DemandMaster))!;
        var users = ((RedisResult[])reply[1]!).Where((_, i) => i % 2 == 0).Select(field => ((string)field!).Split(' ')[0]);
        var next = (string)reply[0]!;
        return (
            next != "0" ? (ofKeys ? OfKeys + next : next) : ofKeys ? null : OfKeys + next,
            [.. users.Select(user => long.Parse(user, CultureInfo.InvariantCulture))]);
    }
}
