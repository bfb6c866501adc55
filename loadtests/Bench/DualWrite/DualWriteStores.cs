using Dapper;
using Npgsql;

namespace Seckill.LoadTests.Bench.DualWrite;

/// <summary>Both databases, for the benchmark of the dual write; they belong to it alone.</summary>
public sealed class DualWriteStores(string orders, string legacy) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _orders = Source(orders);
    private readonly NpgsqlDataSource _legacy = Source(legacy);
    private readonly string _database = new NpgsqlConnectionStringBuilder(legacy).Database!;

    /// <summary>Whether changes wait for the legacy database.</summary>
    public async Task<bool> WaitsAsync()
    {
        await using var connection = await _orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<bool>("select exists (select from legacy_outbox)");
    }

    /// <summary>Starts to record the moment at which each change leaves the outbox, verified.</summary>
    public Task RememberVerificationsAsync() => ExecuteAsync(
        _orders,
        """
        drop table if exists bench_verified;
        create unlogged table bench_verified (order_id text collate "C", verified_at timestamptz);
        create or replace function bench_remember() returns trigger language plpgsql as $$
          begin insert into bench_verified select unnest(order_ids), clock_timestamp() from gone; return null; end $$;
        create or replace trigger bench_remember after delete on legacy_outbox
          referencing old table as gone for each statement execute function bench_remember()
        """);

    /// <summary>Ends the record.</summary>
    public Task ForgetVerificationsAsync() => ExecuteAsync(
        _orders, "drop trigger if exists bench_remember on legacy_outbox; drop table if exists bench_verified");

    /// <summary>From the reservation to the verification, seconds.</summary>
    public async Task<(double P50, double P99, double Maximum)> DelaysAsync(long saleId)
    {
        await using var connection = await _orders.OpenConnectionAsync();
        return await connection.QuerySingleAsync<(double, double, double)>(
            """
            select coalesce(percentile_cont(0.5) within group (order by delay), 0),
              coalesce(percentile_cont(0.99) within group (order by delay), 0), coalesce(max(delay), 0)
            from (
              select extract(epoch from v.verified_at - o.reserved_at)::float8 as delay
              from bench_verified v join orders o using (order_id) where o.sale_id = @saleId) d
            """,
            new { saleId });
    }

    /// <summary>Checks that each order of the sale is in the legacy table and equal.</summary>
    /// <exception cref="InvalidOperationException">An order is missing or differs.</exception>
    public async Task CheckAsync(long saleId, long expected)
    {
        await using var orders = await _orders.OpenConnectionAsync();
        await using var legacy = await _legacy.OpenConnectionAsync();
        var wrong = await orders.ExecuteScalarAsync<long>("select count(*) from legacy_discrepancies");
        var there = await legacy.ExecuteScalarAsync<long>("select count(*) from t_order where activity_id = @saleId", new { saleId });
        if (wrong != 0 || there != expected)
        {
            throw new InvalidOperationException($"{there} of {expected} orders are in the legacy table, {wrong} discrepancies were found.");
        }
    }

    /// <summary>Ends all connections to the legacy database and refuses new ones.</summary>
    public Task RefuseAsync() => AdministerAsync(
        $"""
        alter database "{_database}" with allow_connections false;
        select pg_terminate_backend(pid) from pg_stat_activity where datname = '{_database}'
        """);

    /// <summary>Accepts connections again.</summary>
    public Task AcceptAsync() => AdministerAsync($"""alter database "{_database}" with allow_connections true""");

    /// <summary>Removes everything that a run left, except the orders.</summary>
    public async Task ForgetAsync(long saleId)
    {
        await ExecuteAsync(_legacy, $"delete from t_order where activity_id = {saleId}");
        await ExecuteAsync(_legacy, "vacuum t_order");
        await ExecuteAsync(_orders, "delete from legacy_discrepancies");
        await ExecuteAsync(_orders, "vacuum legacy_outbox");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _orders.DisposeAsync();
        await _legacy.DisposeAsync();
    }

    private static NpgsqlDataSource Source(string connectionString) =>
        NpgsqlDataSource.Create("Application Name=bench;Command Timeout=120;Maximum Pool Size=8;" + connectionString);

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var connection = await source.OpenConnectionAsync();
        await connection.ExecuteAsync(sql);
    }

    private async Task AdministerAsync(string sql)
    {
        // From another database of the same server: this one refuses the benchmark too.
        NpgsqlConnection.ClearAllPools();
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(legacy) { Database = "postgres", Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        foreach (var statement in sql.Split(';'))
        {
            await connection.ExecuteAsync(statement);
        }

        _legacy.Clear();
    }
}
