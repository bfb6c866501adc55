using Npgsql;
using StackExchange.Redis;

namespace Seckill.Tests.Harness;

/// <summary>The real servers of this test run, named by the environment. One Redis connection and one pool serve all tests.</summary>
internal static class Servers
{
    private static readonly Lazy<ConnectionMultiplexer> s_redis = new(() => ConnectToRedis(RedisConnection));
    private static readonly Lazy<NpgsqlDataSource> s_orders = new(() => NpgsqlDataSource.Create(OrdersConnection));

    public static string RedisConnection => Required("Redis");

    public static string RabbitMqConnection => Required("RabbitMq");

    public static string OrdersConnection => Required("Orders");

    public static IConnectionMultiplexer Redis => s_redis.Value;

    public static IDatabase Database => Redis.GetDatabase();

    public static NpgsqlDataSource Orders => s_orders.Value;

    public static ConnectionMultiplexer ConnectToRedis(string connection)
    {
        var options = ConfigurationOptions.Parse(connection);
        options.AbortOnConnectFail = true;
        options.ConnectTimeout = 10_000;
        options.AllowAdmin = true;
        return ConnectionMultiplexer.Connect(options);
    }

    private static string Required(string name) =>
        Environment.GetEnvironmentVariable("ConnectionStrings__" + name) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException(
                $"These tests need real servers, and ConnectionStrings__{name} is not set: run ./seckill test.");
}
