using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Seckill.Shared.Schema;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.Shared.Hosting;

/// <summary>
/// <c>/health/live</c>: the process runs. <c>/health/ready</c>: what it needs answers; 503 when something essential does not.
/// <c>/health/serving</c>: it takes requests, whatever is away; 503 once it stops, for a balancer that would otherwise take every
/// process out at once. Each dependency is really asked, for at most <see cref="Patience"/>.
/// </summary>
/// <remarks>
/// Why not the checks of AspNetCore.HealthChecks: theirs of Redis fails when any server of the connection string is down, and took six
/// seconds to say so; theirs of PostgreSQL knows nothing of the schema, and theirs of RabbitMQ nothing of the bus.
/// </remarks>
public static class Health
{
    /// <summary>How long a dependency may take to answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Watches the three stores. A store that is not essential only degrades the process (still 200).</summary>
    public static IServiceCollection AddStoreHealth(this IServiceCollection services, bool databaseIsEssential, bool brokerIsEssential)
    {
        services.AddSingleton<PostgresCheck>();
        services.AddHealthChecks()
            .AddCheck<RedisCheck>("redis", HealthStatus.Unhealthy)
            .AddCheck<PostgresCheck>("postgres", databaseIsEssential ? HealthStatus.Unhealthy : HealthStatus.Degraded)
            .AddCheck<RabbitMqCheck>("rabbitmq", brokerIsEssential ? HealthStatus.Unhealthy : HealthStatus.Degraded);
        return services;
    }

    internal static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync });
        app.MapHealthChecks("/health/serving", new HealthCheckOptions
        {
            Predicate = check => check.Name == GracefulStop.CheckName,
            ResponseWriter = WriteAsync,
        });
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync });
    }

    private static Task WriteAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(new HealthAnswer(report), HealthJson.Default.HealthAnswer, "application/json");

    private sealed class RedisCheck(RedisConnection redis) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                var roundTrip = await redis.Database.PingAsync().WaitAsync(Patience, cancellationToken);
                return HealthCheckResult.Healthy(data: new Dictionary<string, object> { ["roundTripMs"] = roundTrip.TotalMilliseconds });
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException or ObjectDisposedException)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, "no answer; new orders get 503");
            }
        }
    }

    private sealed class PostgresCheck(NpgsqlDataSource database, SchemaMigrator schema) : IHealthCheck
    {
        private volatile Task<object?>? _asked;

        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                // Not cancelled: the client library cancels by a blocking call to the server that does not answer. Nor asked
                // twice at once: each question that is given up on keeps its connection until its own time-out.
                var asked = _asked is { IsCompleted: false } pending ? pending : _asked = AskAsync();
                var version = await asked.WaitAsync(Patience, cancellationToken);
                return !schema.Done.IsCompleted
                    ? new HealthCheckResult(context.Registration.FailureStatus, "its schema is being brought up to date")
                    : HealthCheckResult.Healthy(data: new Dictionary<string, object> { ["version"] = version ?? "" });
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, "no answer; orders wait in the outbox");
            }
        }

        private async Task<object?> AskAsync()
        {
            await using var command = database.CreateCommand("select current_setting('server_version')");
            command.CommandTimeout = (int)Patience.TotalSeconds;
            return await command.ExecuteScalarAsync();
        }
    }

    /// <summary>MassTransit's own check reports the bus alone, which notices a broker that froze only at the next heartbeat.</summary>
    private sealed class RabbitMqCheck(IBusControl bus, BrokerProbe broker) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            bus.CheckHealth().Status == BusHealthStatus.Healthy && await broker.AnswersAsync()
                ? HealthCheckResult.Healthy()
                : new HealthCheckResult(context.Registration.FailureStatus, "no answer; orders wait in the outbox");
    }
}
