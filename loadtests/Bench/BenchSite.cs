using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Bench;

/// <summary>The system under test with its stores, and the sales of the runs.</summary>
public sealed class BenchSite : IAsyncDisposable
{
    /// <summary>The item of every sale.</summary>
    public const long SkuId = 1001;

    private const int HighestLimit = 100;
    private const int MaximumDetails = 10;
    private static readonly TimeSpan s_drainTimeout = TimeSpan.FromSeconds(30);
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
    /// <param name="units">Of the item.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <param name="room">Its waiting room; null for none.</param>
    /// <param name="opensIn">When it begins; it has begun when not given.</param>
    public async Task<Sale> OpenSaleAsync(
        long units, CancellationToken cancellationToken, SaleRoom? room = null, TimeSpan? opensIn = null)
    {
        var opensAt = TimeProvider.System.GetUtcNow() + (opensIn ?? TimeSpan.FromMinutes(-1));
        var sale = await CreateSaleAsync(units, opensAt, cancellationToken, room);
        await _ops.OpenAsync(sale.SaleId, cancellationToken);
        return sale;
    }

    /// <summary>A new sale of one item, not open yet.</summary>
    public async Task<Sale> CreateSaleAsync(
        long units, DateTimeOffset opensAt, CancellationToken cancellationToken, SaleRoom? room = null)
    {
        var sale = new Sale(
            Interlocked.Increment(ref _nextSaleId), "bench", opensAt, opensAt.AddDays(1), PaymentTimeoutSeconds: 86_400,
            [new SaleItem(SkuId, units, HighestLimit, 19_900, "EUR")])
        {
            WaitingRoom = room,
        };
        await _ops.CreateAsync(sale, cancellationToken);
        return sale;
    }

    /// <summary>Closes a sale.</summary>
    public Task CloseAsync(Sale sale, CancellationToken cancellationToken) => _ops.CloseAsync(sale.SaleId, cancellationToken);

    /// <summary>Makes the service audit a sale.</summary>
    public Task AuditAsync(Sale sale, CancellationToken cancellationToken) => _ops.AuditAsync(sale.SaleId, cancellationToken);

    /// <summary>Archives a sale.</summary>
    /// <returns>Why it cannot be archived yet; null when it is.</returns>
    public Task<string?> TryArchiveAsync(Sale sale, CancellationToken cancellationToken) =>
        _ops.TryArchiveAsync(sale.SaleId, cancellationToken);

    /// <summary>Stock for a baseline.</summary>
    /// <returns>The sale's id.</returns>
    public async Task<long> OpenAtBaselineAsync(Uri baseline, long units, CancellationToken cancellationToken)
    {
        var saleId = Interlocked.Increment(ref _nextSaleId);
        var path = string.Create(CultureInfo.InvariantCulture, $"items/{saleId}/{SkuId}?stock={units}&limitPerUser={HighestLimit}");
        using var response = await _http.PostAsync(new Uri(baseline, path), content: null, cancellationToken);
        response.EnsureSuccessStatusCode();
        return saleId;
    }

    /// <summary>Waits until the outbox is empty, then compares the stores with the answers.</summary>
    /// <param name="sale">A sale of one item.</param>
    /// <param name="accepted">Number of 202s.</param>
    /// <param name="unknown">Maximum number of orders without a counted answer.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Broken promises; none when all is right.</returns>
    public async Task<IReadOnlyList<string>> CheckAsync(Sale sale, long accepted, int unknown, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (await Stores.BacklogAsync(sale) > 0 && Stopwatch.GetElapsedTime(startedAt) < s_drainTimeout)
        {
            await Task.Delay(20, cancellationToken);
        }

        // Without the service's own account: it adds up all orders, and the equations compare the stores themselves.
        var state = await SaleState.ReadAsync(sale, Orders, Stock, ops: null, cancellationToken);
        var live = state.Orders.Count(order => order.IsLive);
        (bool IsBroken, string Sentence)[] numbers =
        [
            (live < state.Orders.Count, $"{state.Orders.Count - live} orders are in quarantine or rejected."),
            (live < accepted, $"{accepted} orders were accepted and {live} have a row."),
            (live > accepted + unknown, $"{live} orders have a row and only {accepted} were accepted."),
        ];
        return
        [
            .. numbers.Where(number => number.IsBroken).Select(number => number.Sentence),
            .. state.Items.SelectMany(item => StockAudit.Check(item)).Select(violation => violation.Detail).Take(MaximumDetails),
        ];
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
