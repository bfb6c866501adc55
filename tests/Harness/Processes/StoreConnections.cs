using Npgsql;
using Seckill.Shared.Connections;
using StackExchange.Redis;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// Connections of the tests themselves to Redis and PostgreSQL, past every relay. Other tests use the same servers: nothing here stops,
/// empties or slows them.
/// </summary>
public sealed class StoreConnections : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _redis;

    /// <summary>Connects to the servers that this run was given.</summary>
    public StoreConnections()
        : this(Servers.Given(Servers.RedisSetting), Servers.Given(Servers.OrdersSetting))
    {
    }

    /// <summary>Servers of one scenario alone.</summary>
    internal StoreConnections(string redis, string orders)
    {
        _redis = Connect(redis);
        Orders = NpgsqlDataSource.Create(orders);
    }

    private StoreConnections(ConnectionMultiplexer redis, NpgsqlDataSource orders) => (_redis, Orders) = (redis, orders);

    /// <summary>Redis, as the tests see it.</summary>
    public IDatabase Redis => _redis.GetDatabase();

    /// <summary>The orders database, as the tests see it.</summary>
    public NpgsqlDataSource Orders { get; }

    /// <summary>The same servers with another orders database, which stays the caller's.</summary>
    internal StoreConnections With(NpgsqlDataSource orders) => new(_redis, orders);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        await Orders.DisposeAsync();
    }

    // As the services do, but with time to read what a busy machine is slow to answer.
    private static ConnectionMultiplexer Connect(string address) =>
        ConnectionMultiplexer.Connect(RedisClient.Options(address + ",asyncTimeout=10000"));
}
