using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Seckill.Shared.Contracts;
using Seckill.Shared.Schema;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.Shared.Hosting;

/// <summary>Connections to the three stores, the same in every process.</summary>
public static class Stores
{
    /// <summary>PostgreSQL connections of one process at most, unless the connection string says otherwise.</summary>
    public const int MaxPostgresConnections = 20;

    /// <summary>Stock in Redis, from <c>ConnectionStrings:Redis</c> (StackExchange.Redis format).</summary>
    public static IServiceCollection AddStock(this IServiceCollection services, IConfiguration configuration)
    {
        var options = RedisClient.Options(configuration.RequiredConnectionString("Redis"));
        services.AddSingleton(provider =>
            RedisClient.Connect(options, provider.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RedisClient).FullName!)));
        services.AddHostedService<DurabilityCheck>();
        return services.AddSingleton<StockLedger>().AddSingleton<SaleCatalog>()
            .AddSingleton<StockPages>().AddSingleton<StockRepair>().AddSingleton<RedisMark>();
    }

    /// <summary>The orders database, from <c>ConnectionStrings:Orders</c> (Npgsql format), and its schema.</summary>
    public static IServiceCollection AddOrdersDatabase(this IServiceCollection services, IConfiguration configuration)
    {
        // The last value of a setting counts, so whatever the connection string says goes before these defaults.
        var settings = new NpgsqlConnectionStringBuilder(
            $"Maximum Pool Size={MaxPostgresConnections};Timeout=3;Command Timeout=10;Cancellation Timeout=300;"
            // Planning the statement that places a batch costs as much as running it for some dozens of orders.
            + "Max Auto Prepare=50;"
            // A process that is frozen in the middle of a transaction must not keep a ledger row from all others.
            + "Options=-c idle_in_transaction_session_timeout=15s;"
            // Nobody encrypts by Kerberos unless they say so, and the images lack its library.
            + "GSS Encryption Mode=Disable;"
            // Whose connection it is, for whoever looks at pg_stat_activity.
            + $"Application Name={AppDomain.CurrentDomain.FriendlyName}-{ProcessName.Unique};"
            + configuration.RequiredConnectionString("Orders"));
        // Its name in the metrics; without one it would be the connection string.
        services.AddSingleton(_ => new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = "orders" }.Build());
        services.AddSingleton<HoldRestorer>();
        services.AddSingleton<SchemaMigrator>();
        return services.AddHostedService(provider => provider.GetRequiredService<SchemaMigrator>());
    }

    /// <summary>
    /// Begins to connect to the stores, all at once, while the process is still being put together. Nobody waits for it; what fails
    /// here is tried again by whoever needs it, and readiness asks the stores themselves.
    /// </summary>
    public static void ConnectEarly(this IServiceProvider services)
    {
        _ = Task.Run(services.GetRequiredService<IConnectionMultiplexer>);
        _ = Task.Run(() => services.GetRequiredService<BrokerProbe>().AnswersAsync());
        _ = Task.Run(async () =>
        {
            await using var connection = await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        });
        _ = Task.Run(services.GetRequiredService<IBusControl>);
    }

    /// <summary>RabbitMQ, from <c>ConnectionStrings:RabbitMq</c> (<c>amqp://user:password@host:port/vhost</c>).</summary>
    public static IServiceCollection AddMessaging(
        this IServiceCollection services,
        IConfiguration configuration,
        Action<IBusRegistrationConfigurator>? register = null,
        Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>? configure = null)
    {
        var address = new Uri(configuration.RequiredConnectionString("RabbitMq"));
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            register?.Invoke(bus);
            bus.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(address, host =>
                {
                    host.Heartbeat(TimeSpan.FromSeconds(5));
                    host.RequestedConnectionTimeout(TimeSpan.FromSeconds(3));
                });
                configure?.Invoke(context, rabbit);
            });
        });
        // A service starts without its broker; the outbox keeps what it cannot publish.
        services.Configure<MassTransitHostOptions>(host => host.WaitUntilStarted = false);
        services.AddSingleton(_ => new BrokerProbe(address));
        return services.AddSingleton<OrdersReservedPublisher>();
    }
}
