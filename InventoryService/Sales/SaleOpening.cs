using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Sales;

/// <summary>What came of opening or closing a sale.</summary>
internal enum OpeningOutcome
{
    /// <summary>It is as asked.</summary>
    Done,

    /// <summary>No such sale.</summary>
    UnknownSale,

    /// <summary>Redis has lost the stock of an item that was warm once: it cannot be taken from the plan again.</summary>
    StockLost,

    /// <summary>A sale that was never opened cannot be closed.</summary>
    NeverOpened,
}

/// <summary>
/// Opens sales (puts their stock into Redis) and closes them. Both may be repeated, also after a crash at any line: stock enters
/// Redis once, by one script, and PostgreSQL remembers afterwards that it did.
/// </summary>
internal sealed class SaleOpening(SaleStore sales, StockLedger stock, SaleCatalog catalog)
{
    public async Task<OpeningOutcome> OpenAsync(long saleId, CancellationToken cancellationToken)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is not { } sale)
        {
            return OpeningOutcome.UnknownSale;
        }

        foreach (var item in sale.Items)
        {
            if (item.WasWarm && await stock.InspectAsync(KeysOf(sale, item)) is null or { State: ItemState.Lost })
            {
                return OpeningOutcome.StockLost;
            }
        }

        foreach (var item in sale.Items)
        {
            // The number first: an order can be placed as soon as the item is warm, and must be found by its number.
            var number = OrderId.Number(item.ItemNumber);
            await catalog.AddNumberAsync(number, new ItemKey(sale.SaleId, item.SkuId));
        }

        await catalog.AddSaleAsync(new OpenedSale(sale.SaleId, sale.Name, [.. sale.Items.Select(item => item.SkuId)]));
        foreach (var item in sale.Items)
        {
            await stock.WarmAsync(KeysOf(sale, item), Fresh(sale, item));
            await sales.MarkWarmAsync(sale.SaleId, item.SkuId, cancellationToken);
        }

        await sales.SetStateAsync(saleId, "open", cancellationToken);
        return OpeningOutcome.Done;
    }

    public async Task<OpeningOutcome> CloseAsync(long saleId, CancellationToken cancellationToken)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is not { } sale)
        {
            return OpeningOutcome.UnknownSale;
        }

        if (!sale.Items.Any(item => item.WasWarm))
        {
            return OpeningOutcome.NeverOpened;
        }

        foreach (var item in sale.Items)
        {
            await stock.CloseAsync(KeysOf(sale, item));
        }

        await sales.SetStateAsync(saleId, "closed", cancellationToken);
        return OpeningOutcome.Done;
    }

    private static ItemKeys KeysOf(SaleDetails sale, SaleItemDetails item) => new(new ItemKey(sale.SaleId, item.SkuId));

    private static ItemSnapshot Fresh(SaleDetails sale, SaleItemDetails item) => new(
        Now: default,
        Available: item.Allocated,
        Held: 0,
        Allocated: item.Allocated,
        Number: OrderId.Number(item.ItemNumber),
        UnitPrice: item.UnitPrice,
        Currency: item.Currency,
        OpensAt: sale.OpensAt,
        ClosesAt: sale.ClosesAt,
        State: ItemState.Open,
        LimitPerUser: item.LimitPerUser,
        PaymentTimeoutSeconds: sale.PaymentTimeoutSeconds,
        OutboxDepth: 0);
}
