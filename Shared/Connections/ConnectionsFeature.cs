using MassTransit;
using MassTransit.Monitoring;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.Shared.Schema;
using Seckill.Shared.Security;
using Seckill.Shared.Settings;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Connections;

/// <summary>Connections to the three stores, the same in every process.</summary>
public static class ConnectionsFeature
{
    /// <summary>Maximum number of PostgreSQL connections of one process, unless the connection string has another.</summary>
    public const int MaxPostgresConnections = 20;

    /// <summary>Redis and the orders database, and the health of all three stores.</summary>
    /// <param name="builder">Of the process.</param>
    /// <param name="databaseIsEssential">Whether readiness fails while PostgreSQL is down.</param>
    /// <param name="brokerIsEssential">Whether readiness fails while RabbitMQ is down.</param>
    public static void AddConnections(this IHostApplicationBuilder builder, bool databaseIsEssential, bool brokerIsEssential)
    {
        var redis = RedisClient.Options(builder.Configuration.RequiredConnectionString("Redis"));
        StoreEncryption.RequireForRedis(builder, redis);
        builder.Services.AddRedis(redis, builder.Configuration);
        builder.AddOrdersDatabase();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<SchemaMigrator>());
        builder.Services.AddStoreHealth(databaseIsEssential, brokerIsEssential);
    }

    /// <summary>Stock in Redis, from <c>ConnectionStrings:Redis</c> (StackExchange.Redis format).</summary>
    private static IServiceCollection AddRedis(
        this IServiceCollection services, ConfigurationOptions options, IConfiguration configuration)
    {
        services.AddSingleton(provider =>
            RedisClient.Connect(options, provider.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RedisClient).FullName!)));
        services.AddValidatedOptions<RedisOptions>("Redis");
        if (RedisOptions.In(configuration) is { Replicas: > 0 and var replicas })
        {
            services.AddSingleton(provider => new ReplicatedRedis(
                () => RedisClient.Connect(options, provider.GetRequiredService<ILogger<ReplicatedRedis>>()), replicas));
            services.AddHealthChecks().AddCheck<ReplicaCheck>("replicas", HealthStatus.Degraded);
        }

        return services.AddHostedService<DurabilityCheck>();
    }

    /// <summary>The orders database, from <c>ConnectionStrings:Orders</c> (Npgsql format), and its schema.</summary>
    internal static void AddOrdersDatabase(this IHostApplicationBuilder builder)
    {
        var (services, given) = (builder.Services, builder.Configuration.RequiredConnectionString("Orders"));
        var settings = PostgresSource.Settings(
            "Orders",
            $"Maximum Pool Size={MaxPostgresConnections};Timeout=3;Command Timeout=10;Cancellation Timeout=300;"
            + "Max Auto Prepare=50;"
            // A process that freezes inside a transaction must not block a ledger row for all others. No statement here is worth
            // compiling: where the planner has no statistics yet, that takes seconds of a core, each time. And no plan is kept: one that
            // was made before the first order of a sale reads all orders each time, until PostgreSQL looks at the table again, a minute
            // later. docs/decisions/0065 has the figures.
            + "Options=-c idle_in_transaction_session_timeout=15s -c jit=off -c plan_cache_mode=force_custom_plan;"
            // Kerberos encryption is opt-in, and the images lack its library.
            + "GSS Encryption Mode=Disable;"
            // Shows the process in pg_stat_activity.
            + $"Application Name={AppDomain.CurrentDomain.FriendlyName}-{ProcessName.Unique};",
            given);
        StoreEncryption.RequireForPostgres(builder, "Orders", settings);
        services.AddSingleton(_ => PostgresSource.Open(settings, "orders"));
        services.AddValidatedOptions<SchemaOptions>("Schema");
        services.AddSingleton<SchemaMigrator>();
    }

    /// <summary>
    /// Starts to connect to all stores at once while the process is still being built. Nothing waits for it: each user of a connection
    /// retries what fails here, and readiness asks the stores itself.
    /// </summary>
    public static void ConnectEarly(this IServiceProvider services)
    {
        _ = Task.Run(services.GetRequiredService<IConnectionMultiplexer>);
        _ = Task.Run(() => services.GetService<ReplicatedRedis>()?.Connect());
        _ = Task.Run(() => services.GetRequiredService<BrokerClient>().AnswersAsync());
        _ = Task.Run(async () =>
        {
            await using var connection = await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        });
        _ = Task.Run(services.GetRequiredService<IBusControl>);
    }

    /// <summary>RabbitMQ, from <c>ConnectionStrings:RabbitMq</c> : see <see cref="BrokerAddress"/>.</summary>
    public static void AddMessaging(
        this IHostApplicationBuilder builder,
        Action<IBusRegistrationConfigurator>? register = null,
        Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>? configure = null)
    {
        var (services, address) = (builder.Services, BrokerAddress.In(builder.Configuration));
        StoreEncryption.RequireForRabbitMq(builder, address);
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            register?.Invoke(bus);
            bus.UsingRabbitMq((context, rabbit) =>
            {
                // The first host is its name in logs and metrics alone.
                rabbit.Host(address.First.HostName, (ushort)address.First.Port, address.VirtualHost, host =>
                {
                    host.Heartbeat(TimeSpan.FromSeconds(5));
                    host.RequestedConnectionTimeout(TimeSpan.FromSeconds(3));
                    // UseCluster knows one TLS name for all nodes, and tries one node an attempt, with pauses that grow to a minute.
                    host.OnRefreshConnectionFactory = factory =>
                    {
                        address.Configure(factory);
                        return Task.CompletedTask;
                    };
                });
                configure?.Invoke(context, rabbit);
            });
        });
        // RabbitMqCheck asks more, and this registration builds the bus when the first endpoint is mapped.
        services.Remove(services.Single(service => service.ImplementationType == typeof(ConfigureBusHealthCheckServiceOptions)));
        // A service starts without its broker; the outbox keeps unpublished orders.
        services.Configure<MassTransitHostOptions>(host => host.WaitUntilStarted = false);
        services.AddSingleton(_ => new BrokerClient(address));
        services.AddSingleton<OrdersReservedPublisher>();
        services.AddSingleton(new MessageSignature(InstallationSecret.Of(builder.Configuration, builder.Environment)));
    }
}
