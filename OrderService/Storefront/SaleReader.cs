using System.Collections.Concurrent;
using System.Diagnostics;

namespace Seckill.OrderService.Storefront;

/// <summary>Sales as they were less than a second ago.</summary>
internal sealed class SaleReader(SaleCatalog catalog, StockLedger stock)
{
    private static readonly TimeSpan s_maximumAge = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<long, (long ReadAt, SaleView Sale)> _recent = new();

    /// <summary>The sale, or null when it was never opened.</summary>
    public async Task<SaleView?> FindAsync(long saleId)
    {
        if (_recent.TryGetValue(saleId, out var recent))
        {
            var age = Stopwatch.GetElapsedTime(recent.ReadAt);
            if (age < s_maximumAge)
            {
                return recent.Sale with { ServerTime = recent.Sale.ServerTime + age };
            }
        }

        var readAt = Stopwatch.GetTimestamp();
        var sale = await ReadAsync(saleId);
        if (sale is not null)
        {
            _recent[saleId] = (readAt, sale);
        }

        return sale;
    }

    private async Task<SaleView?> ReadAsync(long saleId)
    {
        if (await catalog.FindSaleAsync(saleId) is not { } sale)
        {
            return null;
        }

        var items = await Task.WhenAll(sale.SkuIds.Select(skuId => stock.InspectAsync(new ItemKeys(new ItemKey(saleId, skuId)))));
        if (items is not [{ } first, ..] || items.Contains(null))
        {
            return null;
        }

        // An item that waits for its rebuild is neither closed nor sold out; its buyers get 503 and retry.
        var isOver = first.Now >= first.ClosesAt || items.All(item => item!.State == ItemState.Closed);
        var state = isOver ? "closed" : first.Now < first.OpensAt ? "upcoming" : "open";
        return new SaleView(
            saleId, sale.Name, first.OpensAt, first.ClosesAt, first.Now, state,
            [.. sale.SkuIds.Zip(items, (skuId, item) =>
                new SaleItemView(
                    skuId, item!.UnitPrice, item.Currency, item.LimitPerUser,
                    SoldOut: item is { Available: <= 0, State: not ItemState.Lost }))]);
    }
}
