using System.Globalization;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Bench;

/// <summary>The system under test with its stores, and the sales that are made for the runs.</summary>
public sealed class BenchSite : IAsyncDisposable
{
    /// <summary>What is sold.</summary>
    public const long SkuId = 1001;

    private const int NoLimit = 1_000_000;
    private readonly OpsClient _ops;
    private readonly HttpClient _http;
    // Within 32 bits, because the legacy schema's sales are.
    private long _nextSaleId = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    private BenchSite(LoadTarget target, HttpClient http, BenchStores stores, StockReader stock, OrderReader orders)
    {
        (_http, Stores, Stock, Orders) = (http, stores, stock, orders);
        _ops = new OpsClient(target.Inventory, target.OpsKey);
    }

    /// <summary>For samples.</summary>
    public BenchStores Stores { get; }

    /// <summary>Redis.</summary>
    public StockReader Stock { get; }

    /// <summary>PostgreSQL.</summary>
    public OrderReader Orders { get; }

    /// <summary>Connects to everything.</summary>
    public static async Task<BenchSite> ConnectAsync(LoadTarget target, HttpClient http) => new(
        target,
        http,
        await BenchStores.ConnectAsync(target.Redis, target.Orders),
        await StockReader.ConnectAsync(target.Redis),
        new OrderReader(target.Orders));

    /// <summary>A new sale of one item, open.</summary>
    public async Task<Sale> OpenSaleAsync(long units, CancellationToken cancellationToken)
    {
        var now = TimeProvider.System.GetUtcNow();
        var sale = new Sale(
            _nextSaleId++, "bench", now.AddMinutes(-1), now.AddDays(1), PaymentTimeoutSeconds: 86_400,
            [new SaleItem(SkuId, units, NoLimit, 19_900, "EUR")]);
        await _ops.CreateAsync(sale, cancellationToken);
        await _ops.OpenAsync(sale.SaleId, cancellationToken);
        return sale;
    }

    /// <summary>Stock for a baseline.</summary>
    /// <returns>The sale's id.</returns>
    public async Task<long> OpenAtBaselineAsync(Uri baseline, long units, CancellationToken cancellationToken)
    {
        var saleId = _nextSaleId++;
        var path = string.Create(CultureInfo.InvariantCulture, $"items/{saleId}/{SkuId}?stock={units}&limitPerUser={NoLimit}");
        using var response = await _http.PostAsync(new Uri(baseline, path), content: null, cancellationToken);
        response.EnsureSuccessStatusCode();
        return saleId;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _ops.Dispose();
        Stock.Dispose();
        await Stores.DisposeAsync();
        await Orders.DisposeAsync();
    }
}
