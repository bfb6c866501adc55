using Npgsql;
using Seckill.Shared.Connections;
using StackExchange.Redis;

namespace Seckill.Tests.Harness;

/// <summary>The real servers of this test run, named by the environment. One Redis connection and one pool serve all tests.</summary>
internal static class Servers
{
    /// <summary>The variables that name the servers, in the environment of this run and of every service.</summary>
    public const string RedisSetting = "ConnectionStrings__Redis";

    /// <inheritdoc cref="RedisSetting"/>
    public const string RabbitMqSetting = "ConnectionStrings__RabbitMq";

    /// <inheritdoc cref="RedisSetting"/>
    public const string OrdersSetting = "ConnectionStrings__Orders";

    /// <inheritdoc cref="RedisSetting"/>
    public const string LegacySetting = "ConnectionStrings__Legacy";

    private static readonly Lazy<ConnectionMultiplexer> s_redis = new(() => ConnectToRedis(RedisConnection));
    private static readonly Lazy<NpgsqlDataSource> s_orders = new(() => NpgsqlDataSource.Create(OrdersConnection));
    private static readonly Lazy<StoreClocks> s_clocks = new(() => new StoreClocks(Redis, Orders, TimeProvider.System));

    public static string RedisConnection => Given(RedisSetting);

    public static string RabbitMqConnection => Given(RabbitMqSetting);

    public static string OrdersConnection => Given(OrdersSetting);

    public static IConnectionMultiplexer Redis => s_redis.Value;

    public static IDatabase Database => Redis.GetDatabase();

    public static NpgsqlDataSource Orders => s_orders.Value;

    /// <summary>Measures nothing: the clocks are one.</summary>
    public static StoreClocks Clocks => s_clocks.Value;

    public static ConnectionMultiplexer ConnectToRedis(string connection)
    {
        var options = ConfigurationOptions.Parse(connection);
        options.AbortOnConnectFail = true;
        options.ConnectTimeout = 10_000;
        options.AllowAdmin = true;
        return ConnectionMultiplexer.Connect(options);
    }

    /// <summary>The connection string that the run was given.</summary>
    public static string Given(string setting) =>
        Environment.GetEnvironmentVariable(setting) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"These tests need real servers, and {setting} is not set: run ./seckill test.");
}
