using Microsoft.Extensions.Options;
using Seckill.OrderService.Reservations;
using Seckill.OrderService.Storefront;
using Seckill.Shared.Stock;
using StackExchange.Redis.Profiling;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise: a sale costs Redis its items once a second, however many look at it. Broken by readers that start together when the second is
/// over (sixty phones read a sale of 300 items 26 times), and by a sale that does not exist and is asked for again by each click.
/// </summary>
public sealed class SaleReaderTests : IDisposable
{
    private const int Phones = 60;
    private readonly StackExchange.Redis.ConnectionMultiplexer _redis = Servers.ConnectToRedis(Servers.RedisConnection);
    private readonly ProfilingSession _profile = new();
    private readonly List<string> _commands = [];
    private readonly WarmItems _warm;
    private readonly SaleReader _sales;

    public SaleReaderTests()
    {
        _redis.RegisterProfiler(() => _profile);
        var stock = new StockLedger(_redis);
        _warm = new WarmItems(Servers.Orders, stock, Options.Create(new ReservationOptions()), TimeProvider.System);
        _sales = new SaleReader(new SaleCatalog(_redis), stock, _warm, TimeProvider.System);
    }

    [Fact]
    public async Task Sixty_who_look_at_once_read_a_sale_once()
    {
        var sale = new TestItem();
        var skus = Enumerable.Range(1, 300).Select(sku => (long)sku).ToList();
        await Task.WhenAll(skus.Select(sku => TestItem.Ledger.WarmAsync(new ItemKeys(new ItemKey(sale.Key.SaleId, sku)), sale.Plan())));
        await new SaleCatalog(Servers.Redis).AddSaleAsync(new OpenedSale(sale.Key.SaleId, "Large", skus));
        _profile.FinishProfiling();

        var readings = await FindAsync(sale.Key.SaleId);
        Assert.All(readings, reading => Assert.Equal(300, reading.Sale!.Items.Count));
        Assert.Equal((1, 300), (Commands("HGET"), Commands("EVAL")));
    }

    [Fact]
    public async Task A_sale_that_does_not_exist_is_asked_for_once()
    {
        await Schema.EnsureAsync();
        var readings = await FindAsync(TestItem.NewId());
        Assert.All(readings, reading => Assert.Equal((null, false), (reading.Sale, reading.IsLost)));
        Assert.Equal(1, Commands("HGET"));
    }

    public void Dispose()
    {
        _warm.Dispose();
        _redis.Dispose();
    }

    private Task<SaleReading[]> FindAsync(long saleId) =>
        Task.WhenAll(Enumerable.Range(0, Phones).Select(_ => Task.Run(() => _sales.FindAsync(saleId)))).InTime();

    // EVAL counts EVALSHA as well: the first of a connection sends the text.
    private int Commands(string name)
    {
        _commands.AddRange(_profile.FinishProfiling().Select(command => command.Command));
        return _commands.Count(command => command.StartsWith(name, StringComparison.Ordinal));
    }
}
