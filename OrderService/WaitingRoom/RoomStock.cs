using System.Collections.Concurrent;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>What a waiting room must know of the stock of its sale.</summary>
/// <param name="Units">For sale, of all items together; below 0 while an item is lost or not warm.</param>
/// <param name="Taken">Ever held.</param>
/// <param name="IsOver">Every item is closed, or its window is over.</param>
/// <param name="ReadAt">Redis time.</param>
internal readonly record struct StockOfRoom(int Units, long Taken, bool IsOver, DateTimeOffset ReadAt);

/// <summary>Reads the stock of a sale, at any number of items in one round trip.</summary>
internal sealed class RoomStock(SaleCatalog catalog, StockLedger stock)
{
    // An opened sale keeps its items.
    private readonly ConcurrentDictionary<long, ItemKeys[]> _items = new();

    /// <summary>Throws as <see cref="StockLedger"/> does.</summary>
    public async Task<StockOfRoom> ReadAsync(long saleId)
    {
        if (!_items.TryGetValue(saleId, out var items))
        {
            if (await catalog.FindSaleAsync(saleId) is not { } sale)
            {
                return new StockOfRoom(-1, 0, false, await catalog.NowAsync());
            }

            items = [.. sale.SkuIds.Select(sku => new ItemKeys(new ItemKey(saleId, sku)))];
            _items[saleId] = items;
        }

        var read = await Task.WhenAll(items.Select(stock.InspectAsync));
        if (read.Contains(null) || read.Any(item => item!.State == ItemState.Lost))
        {
            return new StockOfRoom(-1, 0, false, read.FirstOrDefault(item => item is not null)?.Now ?? await catalog.NowAsync());
        }

        // An item that is closed by hand or over sells nothing, whatever it has left.
        var selling = read.Where(item => item!.State == ItemState.Open && item.Now < item.ClosesAt).ToList();
        return new StockOfRoom(
            selling.Sum(item => Math.Max(0, item!.Available)), read.Sum(item => item!.Held + item.Released), selling.Count == 0,
            read[0]!.Now);
    }
}
