using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Storefront;

/// <summary>What a read found of the open and upcoming sales.</summary>
/// <param name="Sales">Null while Redis has lost a sale and PostgreSQL does not answer.</param>
/// <param name="ReadAt">Timestamp of the process at that moment.</param>
internal sealed record SaleListReading(SaleListView? Sales, long ReadAt);

/// <summary>
/// The open and upcoming sales as they were less than a second ago. A sale costs one question: while its first item is for sale, the
/// sale is neither closed nor sold out. Only otherwise all its items are read. What Redis has lost, PostgreSQL lists.
/// </summary>
internal sealed class SaleListReader
{
    private const int SalesAtOnce = 64;
    private readonly SingleFlightCache<int, SaleListReading> _recent;
    private readonly SaleCatalog _catalog;
    private readonly StockLedger _stock;
    private readonly SaleReader _sales;
    private readonly WarmItems _warm;
    private readonly TimeProvider _clock;

    // Only the one read that runs uses it.
    private Dictionary<long, KnownSale> _known = [];

    public SaleListReader(SaleCatalog catalog, StockLedger stock, SaleReader sales, WarmItems warm, TimeProvider clock)
    {
        (_catalog, _stock, _sales, _warm, _clock) = (catalog, stock, sales, warm, clock);
        _recent = new(_ => ReadAsync(), clock);
    }

    /// <summary>The sales, those that open first at the top.</summary>
    public Task<SaleListReading> ListAsync() => _recent.GetAsync(0);

    private async Task<SaleListReading> ReadAsync()
    {
        var readAt = _clock.GetTimestamp();
        var now = await _catalog.NowAsync();
        var known = new Dictionary<long, KnownSale>();
        foreach (var saleIds in (await _catalog.SaleIdsAsync()).Chunk(SalesAtOnce))
        {
            foreach (var (saleId, sale) in saleIds.Zip(await Task.WhenAll(saleIds.Select(DescribeAsync))))
            {
                known[saleId] = sale;
            }
        }

        _known = known;
        var summaries = known.Values.Select(sale => sale.Summary).OfType<SaleSummary>().ToList();
        if (known.Count == 0 || known.Values.Any(sale => sale.IsMissing))
        {
            // A list that lacks a sale would make shops take its page down.
            if (await _warm.OpenedSalesAsync() is not { } opened)
            {
                return new SaleListReading(null, readAt);
            }

            summaries.AddRange(opened.Where(sale => known.GetValueOrDefault(sale.SaleId) is null or { IsMissing: true })
                .Select(sale => new SaleSummary(
                    sale.SaleId, sale.Name, sale.OpensAt, sale.ClosesAt,
                    now < sale.OpensAt ? SaleStates.Upcoming : SaleStates.Open, SoldOut: null)));
        }

        return new SaleListReading(
            new SaleListView(now, [.. summaries.Where(sale => sale.State != SaleStates.Closed)
                .OrderBy(sale => sale.OpensAt).ThenBy(sale => sale.SaleId)]),
            readAt);
    }

    private async Task<KnownSale> DescribeAsync(long saleId)
    {
        var known = _known.GetValueOrDefault(saleId);
        if (known is { IsOver: true })
        {
            return known;
        }

        // Each time: an operator may have given it another name.
        if (await _catalog.FindSaleAsync(saleId) is not { } sale)
        {
            return new KnownSale(null, null);
        }

        var first = await _stock.InspectAsync(new ItemKeys(new ItemKey(saleId, sale.SkuIds[0])));
        if (first is not null && first.Now >= first.ClosesAt)
        {
            // A sale keeps its window, so it is not read again.
            return new KnownSale(sale, null) { IsOver = true };
        }

        if (first is { Available: > 0, State: ItemState.Open })
        {
            return new KnownSale(sale, new SaleSummary(
                saleId, sale.Name, first.OpensAt, first.ClosesAt, SaleReader.StateOf(first, isClosed: false), SoldOut: false));
        }

        return new KnownSale(sale, (await _sales.ReadAsync(saleId)).Sale is { } view
            ? new SaleSummary(saleId, view.Name, view.OpensAt, view.ClosesAt, view.State, view.Items.All(item => item.SoldOut))
            : null);
    }

    private sealed record KnownSale(OpenedSale? Sale, SaleSummary? Summary)
    {
        public bool IsOver { get; init; }

        /// <summary>Redis has lost the sale, or it is being opened.</summary>
        public bool IsMissing => Summary is null && !IsOver;
    }
}
