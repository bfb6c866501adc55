namespace Seckill.Shared.Stock;

/// <summary>A hold, and the entries of the other keys of its item at the same instant.</summary>
/// <param name="Hold">The hold; the default when it cannot be parsed.</param>
/// <param name="InOutbox">True when the order is in the outbox: it may not be in PostgreSQL yet.</param>
/// <param name="BuyerKnows">True when the entries of the buyer have the order.</param>
public readonly record struct HoldEntry(string OrderId, Hold Hold, bool InOutbox, bool BuyerKnows);

/// <summary>A buyer whose entries disagree with the holds.</summary>
/// <param name="Counted">Units by the count of the buyer.</param>
/// <param name="Held">Units by the holds in the list of the buyer.</param>
public readonly record struct BuyerBreak(long UserId, int Counted, int Held);

/// <summary>
/// (11) Reads a whole item in pages, each of which blocks Redis for about a millisecond. A page is one instant; two pages are not. An entry
/// that exists during the whole reading is read at least once.
/// </summary>
/// <remarks>Throws as <see cref="StockLedger"/> does.</remarks>
public sealed class StockPages(IConnectionMultiplexer redis)
{
    private static readonly string s_holds = StockScript.Load("audit_holds.lua");
    private static readonly string s_buyers = StockScript.Load("audit_buyers.lua");
    private static readonly string s_outbox = StockScript.Load("audit_outbox.lua");

    /// <summary>Every hold.</summary>
    public IAsyncEnumerable<IReadOnlyList<HoldEntry>> HoldsAsync(ItemKeys item, int pageSize) =>
        PagesAsync(s_holds, [item.Buyers, item.Holds, item.Outbox, item.Orders], pageSize, 4, (page, at) => new HoldEntry(
            (string)page[at]!,
            Hold.TryParse((string?)page[at + 1], out var hold) ? hold : default,
            (bool)page[at + 2],
            (bool)page[at + 3]));

    /// <summary>
    /// Buyers whose count or list differs from their holds. A page ends after so many holds as well: a buyer may have many.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<BuyerBreak>> BrokenBuyersAsync(ItemKeys item, int pageSize)
    {
        RedisValue cursor = "0";
        RedisValue[] left = [];
        do
        {
            var page = ((RedisResult[]?)await StockScript.EvaluateAsync(
                redis, s_buyers, [item.Buyers, item.Holds, item.Orders], [cursor, pageSize, pageSize, .. left]))!;
            cursor = (RedisValue)page[0];
            left = [.. page.Skip(2).Take((int)page[1]).Select(user => (RedisValue)user)];
            yield return
            [
                .. page.Skip(2 + left.Length).Chunk(3).Select(buyer => new BuyerBreak(
                    long.TryParse((string?)buyer[0], out var user) ? user : 0,
                    int.TryParse((string?)buyer[1], out var counted) ? counted : 0,
                    (int)buyer[2])),
            ];
        }
        while (cursor != "0" || left.Length > 0);
    }

    /// <summary>Outbox entries without a hold.</summary>
    public IAsyncEnumerable<IReadOnlyList<string>> OrphansAsync(ItemKeys item, int pageSize) =>
        PagesAsync(s_outbox, [item.Outbox, item.Holds], pageSize, 1, (page, at) => (string)page[at]!);

    /// <summary>The orders among these that have no hold now.</summary>
    public async Task<IReadOnlyList<string>> WithoutHoldAsync(ItemKeys item, IReadOnlyList<string> orderIds)
    {
        if (orderIds.Count == 0)
        {
            return [];
        }

        RedisValue[] fields = [.. orderIds.Select(id => (RedisValue)id)];
        var holds = await redis.GetDatabase().HashGetAsync(item.Holds, fields, CommandFlags.DemandMaster);
        return [.. orderIds.Where((_, i) => holds[i].IsNull)];
    }

    private async IAsyncEnumerable<IReadOnlyList<T>> PagesAsync<T>(
        string script, RedisKey[] keys, int pageSize, int width, Func<RedisResult[], int, T> read)
    {
        RedisValue cursor = "0";
        do
        {
            var page = ((RedisResult[]?)await StockScript.EvaluateAsync(redis, script, keys, [cursor, pageSize]))!;
            cursor = (RedisValue)page[0];
            yield return [.. Enumerable.Range(0, (page.Length - 1) / width).Select(i => read(page, 1 + i * width))];
        }
        while (cursor != "0");
    }
}
