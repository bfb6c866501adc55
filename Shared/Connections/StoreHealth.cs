using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.Shared.Schema;

namespace Seckill.Shared.Connections;

/// <summary>The checks of the three stores, and of the clocks. Each check asks its store and waits <see cref="Timeout"/> at most.</summary>
public static class StoreHealth
{
    /// <summary>How long a store may take to answer.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <summary>In the data of the check of RabbitMQ: the reason why it takes no messages. Absent while it takes them.</summary>
    public const string Blocked = "blocked";

    /// <summary>Checks the three stores. A store that is not essential only degrades the process (still 200).</summary>
    internal static IServiceCollection AddStoreHealth(this IServiceCollection services, bool databaseIsEssential, bool brokerIsEssential)
    {
        services.AddSingleton<PostgresCheck>();
        services.AddSingleton<StoreClocks>();
        services.AddHostedService(provider => provider.GetRequiredService<StoreClocks>());
        services.AddHealthChecks()
            .AddCheck<RedisCheck>("redis", HealthStatus.Unhealthy)
            .AddCheck<PostgresCheck>("postgres", databaseIsEssential ? HealthStatus.Unhealthy : HealthStatus.Degraded)
            .AddCheck<RabbitMqCheck>("rabbitmq", brokerIsEssential ? HealthStatus.Unhealthy : HealthStatus.Degraded)
            .AddCheck<StoreClocks>(StoreClocks.CheckName, HealthStatus.Degraded);
        return services;
    }

    private sealed class RedisCheck(IConnectionMultiplexer redis) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                var primaries = await RedisPrimaries.AskAsync(redis, PingAsync).WaitAsync(Timeout, cancellationToken);
                string[] silent = [.. primaries.Where(primary => primary.Answer is null).Select(primary => primary.Name)];
                var data = new Dictionary<string, object> { ["primaries"] = primaries.Select(primary => primary.Name).ToArray() };
                if (silent.Length > 0)
                {
                    return new HealthCheckResult(
                        context.Registration.FailureStatus, $"no answer of {string.Join(", ", silent)}; new orders get 503", data: data);
                }

                data["roundTripMs"] = primaries.Max(primary => primary.Answer!.Value.TotalMilliseconds);
                return HealthCheckResult.Healthy(data: data);
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, "no answer; new orders get 503");
            }
        }

        private static async Task<TimeSpan?> PingAsync(IServer primary)
        {
            try
            {
                return await primary.PingAsync().WaitAsync(Timeout);
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                return null;
            }
        }
    }

    private sealed class PostgresCheck(NpgsqlDataSource database, SchemaMigrator schema) : IHealthCheck
    {
        private volatile Task<(string Primary, string Version, bool IsReadOnly)>? _asked;

        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                // Not cancelled: the client library cancels by a blocking call to the server that does not answer. One query at a
                // time: an abandoned query keeps its connection until its own timeout.
                var asked = _asked is { IsCompleted: false } pending ? pending : _asked = AskAsync();
                var (primary, version, isReadOnly) = await asked.WaitAsync(Timeout, cancellationToken);
                var data = new Dictionary<string, object> { ["version"] = version, ["primary"] = primary };
                var problem =
                    isReadOnly ? "read-only; orders wait in the outbox, payments and cancellations get 503"
                    : schema.Done.IsCompleted ? null
                    : schema.WaitsForJob ? "the schema is too old; run the migration job" : "the schema migration is running";
                return problem is null
                    ? HealthCheckResult.Healthy(data: data)
                    : new HealthCheckResult(context.Registration.FailureStatus, problem, data: data);
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, "no answer; orders wait in the outbox");
            }
        }

        private async Task<(string Primary, string Version, bool IsReadOnly)> AskAsync()
        {
            await using var connection = await database.OpenConnectionAsync();
            await using var command = new NpgsqlCommand(
                "select current_setting('server_version'), current_setting('transaction_read_only') = 'on'", connection);
            command.CommandTimeout = (int)Timeout.TotalSeconds;
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            var isReadOnly = reader.GetBoolean(1);
            if (isReadOnly)
            {
                PostgresSource.Forget(database);
            }

            return (
                string.Create(CultureInfo.InvariantCulture, $"{connection.Host}:{connection.Port}"), reader.GetString(0), isReadOnly);
        }
    }

    private sealed class RabbitMqCheck(IBusControl bus, BrokerClient broker) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            if (!IsConnected(bus.CheckHealth()) || !await broker.AnswersAsync())
            {
                return new HealthCheckResult(context.Registration.FailureStatus, "no answer; orders wait in the outbox");
            }

            return await broker.BlockedByAsync() is { } reason
                ? HealthCheckResult.Degraded(
                    $"blocked: {reason}; orders wait in the outbox", data: new Dictionary<string, object> { [Blocked] = reason })
                : HealthCheckResult.Healthy();
        }

        // A worker that has paused its consumer has stopped its endpoint, which only degrades the bus.
        private static bool IsConnected(BusHealthResult health) =>
            health.Status != BusHealthStatus.Unhealthy
            && health.Endpoints.Values.All(endpoint => endpoint.Status != BusHealthStatus.Unhealthy);
    }
}
