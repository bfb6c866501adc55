using Dapper;
using Npgsql;
using Seckill.Tests.Harness;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: the first minute of a sale costs PostgreSQL what each later one does. An order costs the same rows read in a small sale and in
/// a large one, also before PostgreSQL has looked at the size of its tables. Broken by a plan that was made before the first order, by a
/// join that reads a table for a page of orders, and by a page that sorts all orders. Mutants: plans that PostgreSQL keeps; a close_orders
/// with one general plan; the audit's lookups as plain joins, and its pages with a limit that the planner sees.
/// </summary>
public sealed class KeptPlanTests(ITestOutputHelper output)
{
    private const int Orders = 2_000;
    private const int Cancelled = 50;

    [Fact]
    public async Task Rows_read_for_an_order_do_not_grow_with_the_sale()
    {
        await using var stores = await OwnStores.StartAsync();
        await using var installation = new Installation();
        // Each audit is asked for, in pages as small as they may be.
        (string, string?)[] settings =
            [.. stores.Settings, ("Auditor__IntervalMilliseconds", "3600000"), ("Auditor__PageSize", "10")];
        var (api, worker) = (installation.StartApi(settings), installation.StartWorker(settings));
        var inventory = installation.StartInventory(settings);
        await Installation.ReadyAsync(api, worker, inventory);
        await using var database = await stores.Connections.Orders.OpenConnectionAsync();

        // As after a sale that was archived, until PostgreSQL looks again a minute later.
        await database.ExecuteAsync("vacuum orders");
        var small = await Sale.OpenAsync(inventory, units: 20);
        using var buyers = new Buyers(small);
        var events = 0;
        for (var order = 0; order < 12; order++)
        {
            var attempt = await buyers.InsistAsync([api], buyers.NewUser());
            await ArriveAsync(database, ++events);
            await small.AuditAsync(inventory);
            await buyers.CancelAsync(api, attempt.UserId, attempt.OrderId);
            await ArriveAsync(database, ++events);
        }

        var before = await ReadRowsAsync(database);
        var large = await Sale.OpenAsync(inventory, units: Orders);
        using var crowd = new Buyers(large);
        await Crowd.AllAsync(Enumerable.Range(0, Orders), _ => crowd.InsistAsync([api], crowd.NewUser()));
        await ArriveAsync(database, events + Orders);
        foreach (var attempt in crowd.Accepted.Take(Cancelled))
        {
            await crowd.CancelAsync(api, attempt.UserId, attempt.OrderId);
        }

        await large.AuditAsync(inventory);
        // A process that ends reports what it has read.
        await Task.WhenAll(api.StopAsync(), worker.StopAsync(), inventory.StopAsync());

        var rows = (await ReadRowsAsync(database) - before) / Orders;
        output.WriteLine($"{rows} rows read for an order");
        Assert.InRange(rows, 1, 30);
    }

    private static Task<TimeSpan> ArriveAsync(NpgsqlConnection database, int events) => Eventually.IsTrueAsync(
        $"{events} events are published",
        () => database.ExecuteScalarAsync<bool>(
            "select position >= @events from order_event_positions where name = 'exchange'", new { events }));

    private static Task<long> ReadRowsAsync(NpgsqlConnection database) => database.ExecuteScalarAsync<long>(
        """
        select (select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'orders')
          + (select sum(idx_tup_read) from pg_stat_user_indexes where relname = 'orders')::bigint
        """);
}
