using System.Globalization;
using System.Text;
using Dapper;
using Npgsql;
using RabbitMQ.Client;
using Seckill.LoadTests.Client;
using StackExchange.Redis;

namespace Seckill.LoadTests.Bench;

/// <summary>What the benchmark reads from the stores during a run: cheap enough not to disturb it.</summary>
public sealed class BenchStores : IAsyncDisposable
{
    private const string ApplicationName = "bench";
    private readonly ConnectionMultiplexer _redis;
    private readonly IDatabase _keys;
    private readonly NpgsqlDataSource _orders;

    private BenchStores(ConnectionMultiplexer redis, string orders)
    {
        _redis = redis;
        _keys = redis.GetDatabase();
        _orders = NpgsqlDataSource.Create($"Application Name={ApplicationName};Command Timeout=600;{orders}");
    }

    /// <summary>Connects to both.</summary>
    public static async Task<BenchStores> ConnectAsync(string redis, string orders) =>
        // The client counts INFO, which has the version, among what administrators do.
        new(await ConnectionMultiplexer.ConnectAsync(redis, options => options.AllowAdmin = true), orders);

    /// <summary>Orders in the outbox of the sale's first item.</summary>
    public Task<long> BacklogAsync(Sale sale) => _keys.SortedSetLengthAsync(Key(sale, "outbox"));

    /// <summary>PostgreSQL connections now, by application name, without those of the benchmark.</summary>
    public async Task<IReadOnlyList<(string Name, int Count)>> ConnectionsAsync()
    {
        await using var connection = await _orders.OpenConnectionAsync();
        return (await connection.QueryAsync<(string, int)>(
            """
            select application_name, count(*)::int from pg_stat_activity
            where backend_type = 'client backend' and application_name not in ('', @ApplicationName) group by 1
            """,
            new { ApplicationName })).AsList();
    }

    /// <summary>Rows of the sale in a table, their rate, and the time from reservation to row (milliseconds).</summary>
    /// <param name="table">A table with <c>sale_id</c>, <c>reserved_at</c> and <c>placed_at</c>.</param>
    /// <param name="saleId">The sale.</param>
    public async Task<(long Rows, double PerSecond, double P50, double P99)> ReadRowsAsync(string table, long saleId)
    {
        await using var connection = await _orders.OpenConnectionAsync();
        return await connection.QuerySingleAsync<(long, double, double, double)>(
            $"""
            select count(*),
              coalesce(count(*) / nullif(extract(epoch from max(placed_at) - min(reserved_at)), 0), 0)::float8,
              coalesce(percentile_cont(0.5) within group (order by extract(epoch from placed_at - reserved_at)), 0)::float8 * 1000,
              coalesce(percentile_cont(0.99) within group (order by extract(epoch from placed_at - reserved_at)), 0)::float8 * 1000
            from {table} where sale_id = @saleId
            """,
            new { saleId });
    }

    /// <summary>Rows of the sale in a table.</summary>
    public async Task<long> CountAsync(string table, long saleId)
    {
        await using var connection = await _orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>($"select count(*) from {table} where sale_id = @saleId", new { saleId });
    }

    /// <summary>Removes the sale everywhere, so that every run finds the stores as the first one did.</summary>
    public async Task ForgetAsync(Sale sale)
    {
        await using var connection = await _orders.OpenConnectionAsync();
        foreach (var table in (string[])["orders", "sale_items", "sales"])
        {
            await connection.ExecuteAsync($"delete from {table} where sale_id = @SaleId", new { sale.SaleId });
        }

        await ForgetBaselineAsync(sale.SaleId);
        await connection.ExecuteAsync("vacuum orders");
        var number = await _keys.HashGetAsync(Key(sale, "item"), "number");
        await _keys.HashDeleteAsync("seckill:sales", sale.SaleId);
        await _keys.HashDeleteAsync("seckill:numbers", number);
        string[] parts = ["item", "buyers", "holds", "outbox", "orders", "keys", "changes", "alerts"];
        await _keys.KeyDeleteAsync([.. parts.Select(part => Key(sale, part))]);
    }

    /// <summary>Removes the orders of a baseline.</summary>
    public async Task ForgetBaselineAsync(long saleId)
    {
        await using var connection = await _orders.OpenConnectionAsync();
        if (await connection.ExecuteScalarAsync<string?>("select to_regclass('baseline.orders')::text") is not null)
        {
            await connection.ExecuteAsync("delete from baseline.orders where sale_id = @saleId", new { saleId });
            await connection.ExecuteAsync("vacuum baseline.orders");
        }
    }

    /// <summary>Versions of the servers.</summary>
    /// <param name="rabbitMq">Address of RabbitMQ.</param>
    public async Task<(string Redis, string Postgres, string RabbitMq)> VersionsAsync(string rabbitMq)
    {
        await using var broker = await new ConnectionFactory { Uri = new Uri(rabbitMq) }.CreateConnectionAsync();
        var version = broker.ServerProperties?.TryGetValue("version", out var value) == true && value is byte[] text
            ? Encoding.UTF8.GetString(text) : "unknown";
        var info = (string)(await _keys.ExecuteAsync("INFO", "server"))!;
        var redis = info.Split('\n').First(line => line.StartsWith("redis_version:", StringComparison.Ordinal)).Split(':')[1].Trim();
        await using var connection = await _orders.OpenConnectionAsync();
        return (redis, (await connection.ExecuteScalarAsync<string>("show server_version"))!, version);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _orders.DisposeAsync();
        _redis.Dispose();
    }

    private static RedisKey Key(Sale sale, string part) =>
        string.Create(CultureInfo.InvariantCulture, $$"""seckill:{{{sale.SaleId}}:{{sale.Items[0].SkuId}}}:{{part}}""");
}
