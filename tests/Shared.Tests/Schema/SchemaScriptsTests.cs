using Dapper;
using Npgsql;
using Seckill.Shared.Schema;

namespace Seckill.Shared.Tests.Schema;

/// <summary>
/// Promise: every process brings the database to the schema of its build, whatever state it finds and whoever else starts, and no
/// script runs twice or in part. The databases are real and new for each test, because the promise is the transaction's.
/// </summary>
public sealed class SchemaScriptsTests : IAsyncLifetime
{
    private const long AdvisoryLock = 0x5ec0111;
    private static readonly int[] s_all = [.. Resources().Select(name => int.Parse(name[..3], provider: null))];
    private readonly string _name = "schema_test_" + Guid.NewGuid().ToString("N");
    private NpgsqlDataSource _database = null!;

    public async ValueTask InitializeAsync()
    {
        _database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Servers.OrdersConnection) { Database = _name });
        await CreateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync($"drop database {_name} with (force)");
    }

    [Fact]
    public async Task A_database_of_the_runner_before_DbUp_is_taken_over_and_only_new_scripts_run()
    {
        const int Old = 5;
        await using (var connection = await _database.OpenConnectionAsync())
        {
            // As that runner did it: all in one transaction, with this table and these rows.
            await using var transaction = await connection.BeginTransactionAsync();
            await ApplyAsync(connection, Resources().Take(Old));
            await connection.ExecuteAsync("update schema_version set applied_at = '2020-01-01Z'");
            await transaction.CommitAsync();
        }

        await MigrateAsync();

        Assert.Equal(s_all, await ColumnAsync<int>("select version from schema_version order by version"));
        // A script that ran again would have failed, for its tables are there; the rows are those of the old runner as well.
        Assert.Equal(Old, await ScalarAsync("select count(*) from schema_version where applied_at = '2020-01-01Z'"));
        Assert.Equal(1, await ScalarAsync("select count(*) from pg_proc where proname = 'orders_of'"));
        Assert.Equal(0, await ScalarAsync("select count(*) from pg_class where relname ilike 'schemaversions'"));
    }

    [Fact]
    public async Task The_sums_that_are_kept_of_an_item_are_those_of_the_orders_of_an_older_version()
    {
        await using (var connection = await _database.OpenConnectionAsync())
        {
            await ApplyAsync(connection, Resources().TakeWhile(script => !script.StartsWith("011", StringComparison.Ordinal)));
            await connection.ExecuteAsync(
                """
                insert into sales (sale_id, name, opens_at, closes_at, payment_timeout_seconds) values (1, 'Test', now(), 'infinity', 900);
                insert into sale_items (sale_id, sku_id, position, allocated, live, limit_per_user, unit_price, currency)
                values (1, 1001, 0, 100, 6, 9, 100, 'EUR');
                insert into orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
                select lpad(to_hex(item_number), 8, '0') || lpad(to_hex(n), 24, '0'), 1, 1001, n, n, 100, 'EUR',
                  (array['placed', 'paid', 'paid', 'cancelled', 'expired', 'rejected'])[n], now(), now()
                from sale_items, generate_series(1, 6) n
                """);
        }

        await MigrateAsync();
        Assert.Equal(
            ["cancelled 4 4", "expired 5 5", "live 6 6", "paid 5 5", "rejected 6 6"],
            await ColumnAsync<string>("select total || ' ' || kept || ' ' || counted from recount_orders(1, 1001) order by total"));
        // A process of that version pays with a statement of its own.
        await ColumnAsync<int>("update orders set status = 'paid' where status = 'placed' returning quantity");
        Assert.Equal(6, await ScalarAsync("select kept from recount_orders(1, 1001) where total = 'paid' and kept = counted"));
    }

    [Fact]
    public async Task Many_processes_that_start_at_once_apply_each_script_once()
    {
        // Without its retries, so that two which are in each other's way show as an error.
        var scripts = new SchemaScripts(typeof(SchemaMigrator).Assembly, "schema_version", AdvisoryLock);
        var applied = await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(async _ => await scripts.ApplyAsync(await _database.OpenConnectionAsync()).InTime()));

        Assert.Equal(Resources(), applied.SelectMany(one => one));
        Assert.Equal(s_all, await ColumnAsync<int>("select version from schema_version order by version"));
        // One transaction, therefore one time.
        Assert.Equal(1, await ScalarAsync("select count(distinct applied_at) from schema_version"));
    }

    [Fact]
    public async Task A_script_that_fails_leaves_nothing_of_itself_or_of_those_before_it()
    {
        var scripts = new SchemaScripts(typeof(SchemaScriptsTests).Assembly, "shop_version", 1);

        var error = await Assert.ThrowsAsync<PostgresException>(
            async () => await scripts.ApplyAsync(await _database.OpenConnectionAsync()).InTime());

        Assert.Equal((PostgresErrorCodes.UniqueViolation, "shelf"), (error.SqlState, error.TableName));
        Assert.Empty(await ColumnAsync<string>("select tablename::text from pg_tables where schemaname = 'public'"));
        Assert.Equal(0, await ScalarAsync($"select count(*) from pg_locks where locktype = 'advisory' and database = {Oid}"));
    }

    [Fact]
    public async Task Until_there_is_a_database_it_tries_again()
    {
        await using (var connection = await Servers.Orders.OpenConnectionAsync())
        {
            await connection.ExecuteAsync($"drop database {_name} with (force)");
        }

        using var migrator = Seckill.Tests.Harness.Schema.Migrator(_database);
        await migrator.StartAsync(CancellationToken.None);
        await Task.Delay(200);
        Assert.False(migrator.Done.IsCompleted || migrator.ExecuteTask!.IsCompleted);
        await CreateAsync();
        await migrator.Done.InTime();
    }

    [Fact]
    public async Task A_process_that_waits_for_another_can_be_stopped_at_once()
    {
        await using var busy = await _database.OpenConnectionAsync();
        await busy.ExecuteAsync("select pg_advisory_lock(@AdvisoryLock)", new { AdvisoryLock });
        using var migrator = Seckill.Tests.Harness.Schema.Migrator(_database);
        await migrator.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync(
            "it waits", async () => await ScalarAsync($"select count(*) from pg_locks where not granted and database = {Oid}") == 1);

        // Less than the command timeout, after which the wait would end by itself.
        await migrator.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5));

        Assert.False(migrator.Done.IsCompleted);
        await busy.ExecuteAsync("select pg_advisory_unlock_all()");
    }

    private static string Oid => "(select oid from pg_database where datname = current_database())";

    private static IEnumerable<string> Resources() => typeof(SchemaMigrator).Assembly.GetManifestResourceNames()
        .Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(SchemaMigrator).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, IEnumerable<string> scripts)
    {
        await connection.ExecuteAsync(
            "create table if not exists schema_version (version int primary key, applied_at timestamptz not null default now())");
        foreach (var script in scripts)
        {
            await connection.ExecuteAsync(Read(script));
            await connection.ExecuteAsync(
                "insert into schema_version (version) values (@version)", new { version = int.Parse(script[..3], provider: null) });
        }
    }

    private async Task CreateAsync()
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync($"create database {_name}");
    }

    private async Task MigrateAsync()
    {
        using var migrator = Seckill.Tests.Harness.Schema.Migrator(_database);
        await migrator.StartAsync(CancellationToken.None);
        await migrator.Done.InTime();
    }

    private async Task<List<T>> ColumnAsync<T>(string sql)
    {
        await using var connection = await _database.OpenConnectionAsync();
        return (await connection.QueryAsync<T>(sql)).AsList();
    }

    private async Task<long> ScalarAsync(string sql) => (await ColumnAsync<long>(sql))[0];
}
