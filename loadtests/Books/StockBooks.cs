using System.Globalization;
using Seckill.LoadTests.Client;
using StackExchange.Redis;

namespace Seckill.LoadTests.Books;

/// <summary>
/// Reads the stock from Redis. The key names are written down a second time on purpose: an audit that asked the services'
/// own code where to look could not find out that this code looks in the wrong place.
/// </summary>
public sealed class StockBooks : IDisposable
{
    // An async call of this driver never times out by itself.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    private readonly ConnectionMultiplexer _redis;
    private readonly IDatabase _database;

    private StockBooks(ConnectionMultiplexer redis)
    {
        _redis = redis;
        _database = redis.GetDatabase();
    }

    /// <exception cref="RedisConnectionException">The server does not answer.</exception>
    public static async Task<StockBooks> ConnectAsync(string configuration)
    {
        var options = ConfigurationOptions.Parse(configuration);
        options.AbortOnConnectFail = true;
        return new StockBooks(await ConnectionMultiplexer.ConnectAsync(options));
    }

    /// <summary>Units that can still be reserved, over all items; null when Redis does not answer.</summary>
    public async Task<long?> AvailableAsync(Sale sale, CancellationToken cancellationToken)
    {
        try
        {
            var values = await Task.WhenAll(sale.Items.Select(item => _database.HashGetAsync(Key(sale, item, "item"), "available")))
                .WaitAsync(s_patience, cancellationToken);
            return values.Sum(value => (long?)value ?? 0);
        }
        catch (Exception error) when (IsOutage(error))
        {
            return null;
        }
    }

    /// <summary>Orders waiting in the outboxes of the sale; null when Redis does not answer.</summary>
    public async Task<long?> OutboxLengthAsync(Sale sale, CancellationToken cancellationToken)
    {
        try
        {
            var lengths = await Task.WhenAll(sale.Items.Select(item => _database.SortedSetLengthAsync(Key(sale, item, "outbox"))))
                .WaitAsync(s_patience, cancellationToken);
            return lengths.Sum();
        }
        catch (Exception error) when (IsOutage(error))
        {
            return null;
        }
    }

    /// <summary>The whole state of one item. Consistent only when nothing is being sold.</summary>
    /// <exception cref="FormatException">A value is not what the state's description says.</exception>
    public async Task<ItemStock> ReadAsync(Sale sale, SaleItem item, CancellationToken cancellationToken)
    {
        var fields = await _database.HashGetAllAsync(Key(sale, item, "item")).WaitAsync(s_patience, cancellationToken);
        var buyers = await _database.HashGetAllAsync(Key(sale, item, "buyers")).WaitAsync(s_patience, cancellationToken);
        var holds = await _database.HashGetAllAsync(Key(sale, item, "holds")).WaitAsync(s_patience, cancellationToken);
        var outbox = await _database.SortedSetRangeByRankAsync(Key(sale, item, "outbox")).WaitAsync(s_patience, cancellationToken);
        // A field that is missing counts as nothing: the equations then show how much went with it.
        long Field(string name) => Array.Find(fields, field => field.Name == name) is { Name.IsNull: false } field
            ? Number((string)field.Value!)
            : 0;

        return new ItemStock(
            item.SkuId,
            Field("available"),
            Field("allocated"),
            Field("held"),
            buyers.ToDictionary(entry => Number((string)entry.Name!), entry => Number((string)entry.Value!)),
            holds.ToDictionary(entry => (string)entry.Name!, entry => ParseHold((string)entry.Value!), StringComparer.Ordinal),
            [.. outbox.Select(id => (string)id!)]);
    }

    /// <inheritdoc/>
    public void Dispose() => _redis.Dispose();

    private static Hold ParseHold(string text)
    {
        var parts = text.Split(':', 3);
        return parts.Length >= 2
            ? new Hold(Number(parts[0]), Number(parts[1]))
            : throw new FormatException($"'{text}' is not a hold (user:units:time).");
    }

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"Redis holds '{text}' where a whole number belongs.");

    private static RedisKey Key(Sale sale, SaleItem item, string part) =>
        string.Create(CultureInfo.InvariantCulture, $$"""seckill:{{{sale.SaleId}}:{{item.SkuId}}}:{{part}}""");

    private static bool IsOutage(Exception error) => error is RedisException or TimeoutException;
}
