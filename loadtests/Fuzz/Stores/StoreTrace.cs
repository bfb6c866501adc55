using Dapper;
using Npgsql;
using StackExchange.Redis;

namespace Seckill.Fuzz.Stores;

/// <summary>What callers can change in the stores, as texts that can be compared. Reads the stores past the services.</summary>
internal sealed class StoreTrace : IAsyncDisposable
{
    // What changes by itself is left out: marks, heartbeats, progress of the legacy verifier, the legacy outbox.
    private static readonly (string Table, string Columns)[] s_tables =
    [
        ("sales", "sale_id, name, opens_at, closes_at, state, state_version"),
        ("sale_items", "sale_id, sku_id, allocated, live, epoch, lost_at"),
        ("orders", "order_id, status, version"), ("payments", "payment_id, outcome"), ("refunds", "payment_id, reason"),
        ("stock_changes", "sale_id, sku_id, idempotency_key, delta, done_at"), ("stock_returns", "order_id"),
        ("quarantined_orders", "order_id"), ("audit_repairs", "id"),
        ("dual_write_control", "mode, read_from_new_percent, users_reading_new, users_reading_legacy"),
        ("legacy_backfill", "started_at"),
        ("overload_control",
            "enabled, target_queue_wait_milliseconds, target_cpu_wait_milliseconds, min_concurrency, max_concurrency, "
            + "longest_retry_after_seconds"),
    ];

    private const int NewsShown = 6;
    private static readonly string[] s_hashes = ["item", "buyers", "holds", "orders", "keys"];
    private readonly NpgsqlDataSource _database;
    private readonly ConnectionMultiplexer _redis;

    private StoreTrace(NpgsqlDataSource database, ConnectionMultiplexer redis) => (_database, _redis) = (database, redis);

    public NpgsqlDataSource Database => _database;

    public static async Task<StoreTrace> ConnectAsync(LoadTests.Client.LoadTarget target) =>
        new(NpgsqlDataSource.Create(target.Orders), await ConnectionMultiplexer.ConnectAsync(target.Redis));

    /// <summary>Name of a table or key, and its content.</summary>
    /// <param name="items">Sale items whose keys in Redis are read.</param>
    public async Task<Dictionary<string, string>> ReadAsync(IEnumerable<(long SaleId, long SkuId)> items)
    {
        var trace = new Dictionary<string, string>();
        await using (var connection = await _database.OpenConnectionAsync())
        {
            foreach (var (table, columns) in s_tables)
            {
                trace[table] = await connection.ExecuteScalarAsync<string>(
                    $"""
                    select concat_ws(' ', count(*), md5(string_agg(t::text, '' order by t::text))) from (select {columns} from {table}) t
                    """) ?? "";
            }
        }

        var redis = _redis.GetDatabase();
        trace["seckill:sales"] = $"{await redis.HashLengthAsync("seckill:sales")}";
        foreach (var (saleId, skuId) in items)
        {
            var prefix = $"seckill:{{{saleId}:{skuId}}}:";
            foreach (var name in s_hashes)
            {
                var entries = await redis.HashGetAllAsync(prefix + name);
                trace[prefix + name] = string.Join(' ', entries.Select(entry => $"{entry.Name}={entry.Value}").Order());
            }

            trace[prefix + "outbox"] = string.Join(' ', await redis.SortedSetRangeByRankAsync(prefix + "outbox"));
        }

        return trace;
    }

    /// <summary>The tables and keys whose content is another one now, with what is new in them.</summary>
    public async Task<string> ChangedSinceAsync(Dictionary<string, string> before, IEnumerable<(long SaleId, long SkuId)> items) =>
        string.Join(", ", (await ReadAsync(items)).Except(before).Select(part =>
        {
            var news = part.Value.Split(' ').Except(before.GetValueOrDefault(part.Key, "").Split(' '));
            return $"{part.Key} ({string.Join(' ', news.Take(NewsShown))})";
        }));

    /// <summary>The clock of the database.</summary>
    public async Task<DateTime> NowAsync()
    {
        await using var connection = await _database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<DateTime>("select now()");
    }

    /// <summary>Waits until nothing is on its way: orders, returns of stock, expiries, rebuilds.</summary>
    /// <returns>What still is after so long; empty when nothing is.</returns>
    public async Task<string> RestAsync(IReadOnlyCollection<(long SaleId, long SkuId)> items, TimeSpan limit)
    {
        using var over = new CancellationTokenSource(limit);
        while (true)
        {
            var left = await LeftAsync(items);
            if (left.Length == 0 || over.IsCancellationRequested)
            {
                return left;
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private async Task<string> LeftAsync(IEnumerable<(long SaleId, long SkuId)> items)
    {
        var redis = _redis.GetDatabase();
        var waiting = await Task.WhenAll(
            items.Select(item => redis.SortedSetLengthAsync($"seckill:{{{item.SaleId}:{item.SkuId}}}:outbox")));
        await using var connection = await _database.OpenConnectionAsync();
        var left = await connection.QueryAsync<string>(
            """
            select count(*) || ' returns of stock' from stock_returns where returned_at is null having count(*) > 0
            union all
            select count(*) || ' orders overdue' from orders
              where sale_id = any(@sales) and status = 'placed' and pay_by < now() + interval '1 minute' having count(*) > 0
            union all
            select count(*) || ' stock changes' from stock_changes where sale_id = any(@sales) and done_at is null having count(*) > 0
            union all
            select count(*) || ' items that wait for their rebuild' from sale_items
              where sale_id = any(@sales) and lost_at is not null having count(*) > 0
            """,
            new { sales = items.Select(item => item.SaleId).Distinct().ToArray() });
        return string.Join(", ", waiting.Sum() == 0 ? left : left.Prepend($"{waiting.Sum()} orders in the outbox"));
    }
}
