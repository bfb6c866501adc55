using System.Collections.Concurrent;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Backlog;

/// <summary>A sale item as Redis has it.</summary>
/// <param name="Snapshot">Null when it is not warm.</param>
/// <param name="OldestSeconds">Age of the oldest order in its outbox; 0 when that is empty.</param>
internal sealed record ItemStock(ItemSnapshot? Snapshot, double OldestSeconds);

/// <summary>Stock and outbox, for metrics and dashboard: one call for each item, and some more for items whose orders wait.</summary>
internal sealed partial class StockReader(StockLedger stock, ILogger<StockReader> logger)
{
    private const int ItemsAtOnce = 8;
    private readonly ConcurrentDictionary<ItemKey, bool> _unreadable = new();

    /// <summary>
    /// One that cannot be read is missing, and hides none of the others. Throws as <see cref="StockLedger"/> does when Redis is away.
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
#pragma warning disable CA1031 // A value that nobody of ours wrote. A store that is away is no matter of one item.
                catch (Exception exception) when (
                    exception is not (RedisConnectionException or TimeoutException or ObjectDisposedException))
#pragma warning restore CA1031
                {
                    // Once, until it could be read again.
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

    [LoggerMessage(471, LogLevel.Warning, "What Redis has of {Item} cannot be read: {Reason}")]
    private partial void LogUnreadable(string item, string reason);
}
