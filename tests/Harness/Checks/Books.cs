using Dapper;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Tests.Harness.Checks;

/// <summary>One sale item as Redis and PostgreSQL have it, read from the stores themselves, not through the services' code.</summary>
internal sealed class Books
{
    public required int Available { get; init; }

    public required int Held { get; init; }

    public required int Allocated { get; init; }

    /// <summary>Order to user and units.</summary>
    public required IReadOnlyDictionary<string, (long UserId, int Units)> Holds { get; init; }

    /// <summary>User to units.</summary>
    public required IReadOnlyDictionary<long, int> UnitsOfBuyers { get; init; }

    public required IReadOnlySet<string> Outbox { get; init; }

    public required IReadOnlyList<Row> Rows { get; init; }

    public required int LedgerAllocated { get; init; }

    public required int LedgerLive { get; init; }

    public required int Quarantined { get; init; }

    /// <summary>Reads Redis first: what is settled there must be in PostgreSQL already, at every moment.</summary>
    public static async Task<Books> ReadAsync(StoreConnections servers, Sale sale, long sku)
    {
        var redis = servers.Redis;
        var prefix = $"seckill:{{{sale.Id}:{sku}}}:";
        // The outbox before the holds: an entry is only ever taken out, its hold stays.
        var outbox = await redis.SortedSetRangeByRankAsync(prefix + "outbox");
        var item = await redis.HashGetAsync(prefix + "item", [(RedisValue)"available", "held", "allocated"]);
        var holds = await redis.HashGetAllAsync(prefix + "holds");
        var buyers = await redis.HashGetAllAsync(prefix + "buyers");
        await using var database = await servers.Orders.OpenConnectionAsync();
        var ids = new { saleId = sale.Id, sku };
        var rows = await database.QueryAsync<Row>(
            """
            select order_id as OrderId, user_id as UserId, quantity as Quantity, status as Status,
              paid_at is not null as WasPaid, closed_at is not null as WasClosed
            from orders
            where sale_id = @saleId and sku_id = @sku
            """,
            ids);
        var (allocated, live) = await database.QuerySingleAsync<(int, int)>(
            "select allocated, live from sale_items where sale_id = @saleId and sku_id = @sku", ids);
        return new Books
        {
            Available = (int)item[0],
            Held = (int)item[1],
            Allocated = (int)item[2],
            Holds = holds.ToDictionary(hold => (string)hold.Name!, hold => (Field(hold.Value, 0), (int)Field(hold.Value, 1))),
            UnitsOfBuyers = buyers.ToDictionary(buyer => (long)buyer.Name, buyer => (int)buyer.Value),
            Outbox = outbox.Select(id => (string)id!).ToHashSet(),
            Rows = [.. rows],
            LedgerAllocated = allocated,
            LedgerLive = live,
            Quarantined = await database.ExecuteScalarAsync<int>(
                "select count(*) from quarantined_orders where sale_id = @saleId and sku_id = @sku", ids),
        };
    }

    /// <summary>Orders of the sale in PostgreSQL.</summary>
    public static async Task<int> CountRowsAsync(StoreConnections servers, Sale sale)
    {
        await using var database = await servers.Orders.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<int>("select count(*) from orders where sale_id = @Id", new { sale.Id });
    }

    /// <summary>Live units of an item by its ledger row.</summary>
    public static async Task<int> CountLiveAsync(StoreConnections servers, Sale sale, long sku)
    {
        await using var database = await servers.Orders.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<int>(
            "select live from sale_items where sale_id = @Id and sku_id = @sku", new { sale.Id, sku });
    }

    /// <summary>Orders of the sale that are not known to be in PostgreSQL.</summary>
    public static async Task<long> CountOutboxAsync(StoreConnections servers, Sale sale)
    {
        var lengths = await Task.WhenAll(
            sale.Skus.Select(sku => servers.Redis.SortedSetLengthAsync($"seckill:{{{sale.Id}:{sku}}}:outbox")));
        return lengths.Sum();
    }

    private static long Field(RedisValue hold, int at) =>
        long.Parse(((string)hold!).Split(':')[at], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>An order row.</summary>
    internal sealed record Row(string OrderId, long UserId, int Quantity, string Status, bool WasPaid, bool WasClosed);
}
