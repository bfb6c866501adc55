using System.Collections.Concurrent;
using StackExchange.Redis;

namespace Seckill.InventoryService.Backlog;

/// <summary>A sale item as Redis has it.</summary>
/// <param name="Snapshot">Null when it is not warm.</param>
/// <param name="OldestSeconds">Age of the oldest order in its outbox; 0 when that is empty.</param>
internal sealed record ItemStock(ItemSnapshot? Snapshot, double OldestSeconds);

/// <summary>Reads stock and outbox of sale items: one call for each item, and a few more for items with orders in the outbox.</summary>
internal sealed partial class StockReader(StockLedger stock, ILogger<StockReader> logger)
{
    private const int ItemsAtOnce = 8;
    private readonly ConcurrentDictionary<ItemKey, bool> _unreadable = new();

    /// <summary>
    /// An item that cannot be read is missing and hides none of the others. Throws as <see cref="StockLedger"/> does when Redis is down.
    /// </summary>
    public async Task<IReadOnlyDictionary<ItemKey, ItemStock>> ReadAsync(
        IEnumerable<ItemKey> items, CancellationToken cancellationToken)
    {
        var read = new ConcurrentDictionary<ItemKey, ItemStock>();
        await Parallel.ForEachAsync(
            items,
            new ParallelOptions { MaxDegreeOfParallelism = ItemsAtOnce, CancellationToken = cancellationToken },
            async (item, _) =>
            {
                try
                {
                    read[item] = await ReadAsync(item);
                    _unreadable.TryRemove(item, out var _);
                }
#pragma warning disable CA1031 // A value of unknown origin in Redis. That Redis is down concerns all items, and is thrown.
                catch (Exception exception) when (
                    exception is not (RedisConnectionException or TimeoutException or ObjectDisposedException))
#pragma warning restore CA1031
                {
                    // Once, until the item can be read again.
                    if (_unreadable.TryAdd(item, true))
                    {
                        LogUnreadable(item.ToString(), exception.Message);
                    }
                }
            });
        return read;
    }

    private async Task<ItemStock> ReadAsync(ItemKey item)
    {
        var keys = new ItemKeys(item);
        var snapshot = await stock.InspectAsync(keys);
        var oldest = snapshot?.OutboxDepth > 0 ? (await stock.InspectOutboxAsync(keys)).Oldest : TimeSpan.Zero;
        return new ItemStock(snapshot, oldest.TotalSeconds);
    }

    [LoggerMessage(471, LogLevel.Warning, "Could not read {Item} from Redis: {Reason}")]
    private partial void LogUnreadable(string item, string reason);
}
