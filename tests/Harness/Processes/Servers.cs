using Npgsql;
using Seckill.Shared.Connections;
using StackExchange.Redis;

// The scenarios share one queue and stop and start workers of it: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(Seckill.Scenarios.Processes.Servers))]

namespace Seckill.Scenarios.Processes;

/// <summary>
/// The servers that this run was given, and the tests' own connections to them, past every relay. Other tests use the same
/// servers: nothing here stops, empties or slows them.
/// </summary>
public sealed class Servers : IAsyncDisposable
{
    /// <summary>The variables that name the servers, in the environment of this run and of every service.</summary>
    public const string RedisSetting = "ConnectionStrings__Redis";

    /// <inheritdoc cref="RedisSetting"/>
    public const string RabbitMqSetting = "ConnectionStrings__RabbitMq";

    /// <inheritdoc cref="RedisSetting"/>
    public const string OrdersSetting = "ConnectionStrings__Orders";

    /// <inheritdoc cref="RedisSetting"/>
    public const string LegacySetting = "ConnectionStrings__Legacy";

    private readonly ConnectionMultiplexer _redis;

    /// <summary>Connects, or says what is missing.</summary>
    public Servers()
    {
        string[] settings = [RedisSetting, RabbitMqSetting, OrdersSetting, LegacySetting];
        var missing = settings.Where(name => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))).ToArray();
        if (missing.Length > 0)
        {
            throw new InvalidOperationException(
                $"These tests need real servers, and {string.Join(", ", missing)} is not set: run ./seckill test, which starts them.");
        }

        _redis = Connect(Given(RedisSetting));
        Orders = NpgsqlDataSource.Create(Given(OrdersSetting));
    }

    /// <summary>Servers of one scenario alone.</summary>
    internal Servers(string redis, string orders)
    {
        _redis = Connect(redis);
        Orders = NpgsqlDataSource.Create(orders);
    }

    private Servers(ConnectionMultiplexer redis, NpgsqlDataSource orders) => (_redis, Orders) = (redis, orders);

    /// <summary>Redis, as the tests see it.</summary>
    public IDatabase Redis => _redis.GetDatabase();

    /// <summary>The orders database, as the tests see it.</summary>
    public NpgsqlDataSource Orders { get; }

    /// <summary>The same servers with another orders database, which stays the caller's.</summary>
    internal Servers With(NpgsqlDataSource orders) => new(_redis, orders);

    /// <summary>The connection string that the run was given.</summary>
    public static string Given(string setting) => Environment.GetEnvironmentVariable(setting)!;

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
