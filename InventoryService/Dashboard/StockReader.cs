using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Dashboard;

/// <summary>A sale item as Redis has it.</summary>
/// <param name="Snapshot">Null when it is not warm.</param>
/// <param name="OldestSeconds">Age of the oldest order in its outbox; 0 when that is empty.</param>
internal sealed record ItemStock(ItemSnapshot? Snapshot, double OldestSeconds);

/// <summary>What the dashboard reads from Redis: one call for each item, and some more for items whose orders wait.</summary>
internal sealed class StockReader(StockLedger stock)
{
    private const int Together = 32;

    /// <summary>Items that cannot be read are missing. Throws as <see cref="StockLedger"/> does when Redis is away.</summary>
    public async Task<IReadOnlyDictionary<ItemKey, ItemStock>> ReadAsync(IEnumerable<ItemKey> items)
    {
        var read = new Dictionary<ItemKey, ItemStock>();
        foreach (var some in items.Chunk(Together))
        {
            var stocks = await Task.WhenAll(some.Select(ReadAsync));
            foreach (var (item, found) in some.Zip(stocks))
            {
                if (found is not null)
                {
                    read[item] = found;
                }
            }
        }

        return read;
    }

    private async Task<ItemStock?> ReadAsync(ItemKey item)
    {
        var keys = new ItemKeys(item);
        try
        {
            var snapshot = await stock.InspectAsync(keys);
            var oldest = snapshot?.OutboxDepth > 0 ? (await stock.InspectOutboxAsync(keys)).Oldest : TimeSpan.Zero;
            return new ItemStock(snapshot, oldest.TotalSeconds);
        }
#pragma warning disable CA1031 // A value that nobody of ours wrote. A store that is away is no matter of one item.
        catch (Exception exception) when (exception is not (RedisConnectionException or TimeoutException or ObjectDisposedException))
#pragma warning restore CA1031
        {
            // BacklogWatch tells of it, once.
            return null;
        }
    }
}
