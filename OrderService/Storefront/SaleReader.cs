using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Storefront;

/// <summary>What a read found of a sale.</summary>
/// <param name="Sale">As it was at its server time; null when it was never opened, or is lost.</param>
/// <param name="ReadAt">Timestamp of the process at that moment.</param>
/// <param name="IsLost">True while Redis has lost a sale that was opened.</param>
internal sealed record SaleReading(SaleView? Sale, long ReadAt, bool IsLost = false);

/// <summary>Sales as they were less than a second ago, read from Redis once, however many ask.</summary>
internal sealed class SaleReader
{
    private readonly SingleFlightCache<long, SaleReading> _recent;
    private readonly SaleCatalog _catalog;
    private readonly StockLedger _stock;
    private readonly WarmItems _warm;
    private readonly TimeProvider _clock;

    public SaleReader(SaleCatalog catalog, StockLedger stock, WarmItems warm, TimeProvider clock)
    {
        (_catalog, _stock, _warm, _clock) = (catalog, stock, warm, clock);
        _recent = new(ReadAsync, clock);
    }

    /// <summary>The sale as it was less than a second ago, or why there is none.</summary>
    public Task<SaleReading> FindAsync(long saleId) => _recent.GetAsync(saleId);

    /// <summary>The state of a sale by its window, unless all its items are closed by hand.</summary>
    public static string StateOf(ItemSnapshot item, bool isClosed) =>
        isClosed || item.Now >= item.ClosesAt ? SaleStates.Closed : item.Now < item.OpensAt ? SaleStates.Upcoming : SaleStates.Open;

    /// <summary>The sale as it is now.</summary>
    public async Task<SaleReading> ReadAsync(long saleId)
    {
        var readAt = _clock.GetTimestamp();
        var sale = await _catalog.FindSaleAsync(saleId);
        var items = sale is null ? [] : await Task.WhenAll(
            sale.SkuIds.Select(skuId => _stock.InspectAsync(new ItemKeys(new ItemKey(saleId, skuId)))));
        if (sale is null || items is not [{ } first, ..] || items.Contains(null))
        {
            return new SaleReading(null, readAt, await _warm.MayBeLostAsync(saleId));
        }

        // An item that waits for its rebuild is neither closed nor sold out; its buyers get 503 and retry.
        return new SaleReading(
            new SaleView(
                saleId, sale.Name, first.OpensAt, first.ClosesAt, first.Now,
                StateOf(first, items.All(item => item!.State == ItemState.Closed)),
                [.. sale.SkuIds.Zip(items, (skuId, item) =>
                    new SaleItemView(
                        skuId, item!.UnitPrice, item.Currency, item.LimitPerUser,
                        SoldOut: item is { Available: <= 0, State: not ItemState.Lost }))]),
            readAt);
    }
}
