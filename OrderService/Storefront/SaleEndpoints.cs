using System.Collections.Concurrent;
using System.Diagnostics;
using Seckill.Shared.Http;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Storefront;

/// <summary>What everybody may know of a sale, without a token. Read from Redis at most once a second for each sale.</summary>
internal static class SaleEndpoints
{
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGet("/sales/{saleId:id}", FindAsync)
            .WithSummary("A sale: window, server time, items")
            .WithDescription("Up to a second old, but for the server time. Public.")
            .Produces<SaleView>()
            .ProducesProblems(404, 503);

    internal static async Task<IResult> FindAsync(long saleId, SaleReader sales, HttpContext http)
    {
        if (await sales.FindAsync(saleId) is not { } sale)
        {
            return Refusals.UnknownSale;
        }

        http.Response.Headers.CacheControl = "public, max-age=1";
        return Results.Json(sale, StorefrontJson.Default.SaleView);
    }
}

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

        // An item that waits for its rebuild is neither closed nor sold out; who orders it is told to try again.
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
