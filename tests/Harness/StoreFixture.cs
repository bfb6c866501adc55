using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Rebuild;
using Seckill.InventoryService.Returns;
using Seckill.InventoryService.Sales;
using Seckill.OrderService.Orders;
using Seckill.OrderService.Payments;
using Seckill.Shared.Connections;
using Seckill.Shared.Stock;
using Seckill.Shared.WaitingRoom;
using StackExchange.Redis;

namespace Seckill.Tests.Harness;

/// <summary>The real servers of this run, and the code under test on top of them. One set of connections serves all tests.</summary>
public sealed class StoreFixture : IAsyncLifetime
{
    // One order in a batch: many steps to stop between. The queue is only waited for.
    private static readonly IOptions<RebuildOptions> s_rebuild = Options.Create(
        new RebuildOptions { MaxBatch = 1, DrainMilliseconds = 200, IntervalMilliseconds = 20, MaxAttempts = 3 });

    private readonly SemaphoreSlim _between = new(1, 1);

    public StoreFixture()
    {
        Database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(Servers.OrdersConnection) { MaxPoolSize = 30, ApplicationName = "order-life-tests" });
        Stock = new StockLedger(Servers.Redis);
        Catalog = new SaleCatalog(Servers.Redis);
        Orders = new OrderPlacement(Database);
        Closing = new OrderClosing(Database);
        Quarantine = new OrderQuarantine(Database);
        Payments = new PaymentStore(Database);
        Changes = new StockChanges(Database, Stock);
        var rooms = new RoomStore(Database);
        (Sales, Rooms) = (new SaleStore(Database, rooms), new RoomOpening(rooms, new RoomLedger(Servers.Redis)));
        Opening = new SaleOpening(Sales, Stock, Catalog, Rooms);
        Repair = new StockRepair(Servers.Redis);
        Pages = new StockPages(Servers.Redis);
        Holds = new HoldRestorer(Database, Repair);
        Rows = new AuditRows(Database);
        Audits = new AuditResults(TimeProvider.System, NullLogger<AuditResults>.Instance);
        Totals = TotalsAuditor(new AuditorOptions { LateOrderMilliseconds = 0 });
        Ledger = new LedgerReader(Sales, Totals, Audits);
        // Small pages, so that a few orders are several.
        Auditor = AuditorWithPages(of: 10);
        AuditRepair = new AuditRepair(
            Database, Auditor, Rows, Stock, Repair, Holds, Audits, NullLogger<AuditRepair>.Instance);
        Jobs = new RebuildJobs(Database);
        Rest = new ItemRest(Database, Rows, Stock);
        Losses = new LossWatch(
            Database, Rows, Stock, Repair, new RedisMark(Servers.Redis), Options.Create(new AuditorOptions()),
            TimeProvider.System, NullLogger<LossWatch>.Instance);
    }

    internal NpgsqlDataSource Database { get; }
    internal RoomOpening Rooms { get; }

    internal StockLedger Stock { get; }

    internal SaleCatalog Catalog { get; }

    internal OrderPlacement Orders { get; }

    internal OrderClosing Closing { get; }

    internal OrderQuarantine Quarantine { get; }

    internal PaymentStore Payments { get; }

    internal StockChanges Changes { get; }

    internal SaleStore Sales { get; }

    internal SaleOpening Opening { get; }

    internal LedgerReader Ledger { get; }

    internal StockRepair Repair { get; }

    internal StockPages Pages { get; }

    internal HoldRestorer Holds { get; }

    internal AuditRows Rows { get; }

    internal AuditResults Audits { get; }

    internal TotalsAuditor Totals { get; }

    internal ItemAuditor Auditor { get; }

    internal AuditRepair AuditRepair { get; }

    internal LossWatch Losses { get; }

    internal ItemRest Rest { get; }

    internal RebuildJobs Jobs { get; }

    internal IDatabase Redis { get; } = Servers.Database;

    /// <summary>Sales of these tests.</summary>
    internal ConcurrentBag<long> Opened { get; } = [];

    /// <summary>Another instance of the service's own returner.</summary>
    internal StockReturns Returns(int batch = 500) => new(
        Database, Stock, Options.Create(new ReturnsOptions { IntervalMilliseconds = 10, MaxBatch = batch }), TimeProvider.System,
        NullLogger<StockReturns>.Instance);

    /// <summary>The auditor, with pages of a size of its own, and what happens between its looks.</summary>
    internal ItemAuditor AuditorWithPages(int of, Func<ItemKey, Task>? betweenTheStores = null) =>
        new(Rows, Stock, Pages, Options.Create(new AuditorOptions { PageSize = of, LateOrderMilliseconds = 0 }))
        {
            BetweenTheStores = betweenTheStores is null ? _ => Task.CompletedTask : async item =>
            {
                // Parts of an audit go on side by side, and what a test does between them is one thing.
                await _between.WaitAsync();
                try
                {
                    await betweenTheStores(item);
                }
                finally
                {
                    _between.Release();
                }
            },
        };

    /// <summary>The audit of totals, and what happens between its reads of the stores.</summary>
    internal TotalsAuditor TotalsAuditor(AuditorOptions options, Func<Task>? betweenTheStores = null, TimeProvider? clock = null) =>
        new(Rows, Stock, Options.Create(options), clock ?? TimeProvider.System)
        {
            BetweenTheStores = betweenTheStores ?? (() => Task.CompletedTask),
        };

    /// <summary>A rebuild, and where it is stopped.</summary>
    internal StockRebuild Rebuild(Func<RebuildStep, Task>? before = null, RebuildOptions? options = null) => new(
        Database, Rows, Stock, Pages, Repair, new OrderRestorer(Database, Rows, Repair, Holds, Jobs, Or(options)), Catalog,
        new QueueDrain(Database, new BrokerClient(BrokerAddress.Parse(Servers.RabbitMqConnection)), Or(options)), Jobs, Or(options),
        NullLogger<StockRebuild>.Instance)
    {
        Before = before ?? (_ => Task.CompletedTask),
    };

    /// <summary>What a process has that works on jobs, and where its rebuilds are stopped.</summary>
    internal RebuildRunner Runner(Func<RebuildStep, Task>? before = null) => new(
        Jobs, Rebuild(before), Rows, Stock, s_rebuild, TimeProvider.System, NullLogger<RebuildRunner>.Instance);

    private static IOptions<RebuildOptions> Or(RebuildOptions? options) => options is null ? s_rebuild : Options.Create(options);

    public async ValueTask InitializeAsync() => await Schema.EnsureAsync();

    /// <summary>Takes the sales of earlier tests from those that are audited and watched: else every inventory would see to them.</summary>
    internal async Task RetireSalesAsync()
    {
        await using var connection = await Database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "update sale_items set warmed_at = null where sale_id = any(@saleIds)", new { saleIds = Opened.ToArray() });
        Opened.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await RetireSalesAsync();
        _between.Dispose();
        Losses.Dispose();
        Jobs.Dispose();
        Audits.Dispose();
        await Database.DisposeAsync();
    }
}

/// <summary>A rebuild that no job asks for.</summary>
internal static class RebuildAlone
{
    public static Task<RebuildOutcome> RebuildAsync(this StockRebuild rebuild, AuditedItem item, CancellationToken cancellationToken) =>
        rebuild.RebuildAsync(item, null, cancellationToken);
}
