using System.Globalization;
using Seckill.LoadTests.Client;
using StackExchange.Redis;

namespace Seckill.LoadTests.Books;

/// <summary>
/// Reads the stock from Redis. The key names are written down a second time on purpose: an audit that asked the services'
/// own code where to look could not find out that this code looks in the wrong place.
/// </summary>
public sealed class StockReader : IDisposable
{
    // An async call of this driver never times out by itself.
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(15);

    private readonly ConnectionMultiplexer _redis;
    private readonly IDatabase _database;

    private StockReader(ConnectionMultiplexer redis)
    {
        _redis = redis;
        _database = redis.GetDatabase();
    }

    /// <exception cref="RedisConnectionException">The server does not answer.</exception>
    public static async Task<StockReader> ConnectAsync(string configuration)
    {
        var options = ConfigurationOptions.Parse(configuration);
        options.AbortOnConnectFail = true;
        return new StockReader(await ConnectionMultiplexer.ConnectAsync(options));
    }

    /// <summary>The whole state of one item. Consistent only when nothing is being sold.</summary>
    /// <exception cref="FormatException">A value is not what the state's description says.</exception>
    public async Task<ItemStock> ReadAsync(Sale sale, SaleItem item, CancellationToken cancellationToken)
    {
        var fields = await _database.HashGetAllAsync(Key(sale, item, "item")).WaitAsync(s_timeout, cancellationToken);
        var buyers = await _database.HashGetAllAsync(Key(sale, item, "buyers")).WaitAsync(s_timeout, cancellationToken);
        var holds = await _database.HashGetAllAsync(Key(sale, item, "holds")).WaitAsync(s_timeout, cancellationToken);
        var outbox = await _database.SortedSetRangeByRankAsync(Key(sale, item, "outbox")).WaitAsync(s_timeout, cancellationToken);
        // A field that is missing counts as nothing: the equations then show how much went with it.
        long Field(string name) => Array.Find(fields, field => field.Name == name) is { Name.IsNull: false } field
            ? Number((string)field.Value!)
            : 0;

        return new ItemStock(
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
}
