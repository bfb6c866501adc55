using System.Text.Json;
using System.Text.Json.Serialization;
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
        app.MapHealthChecks("/health/ready", new HealthCheckOptions
        {
            Predicate = IsOurs,
            ResponseWriter = WriteAsync,
        });
    }

    /// <summary>MassTransit registers a check of its own, which ours stands for.</summary>
    internal static bool IsOurs(HealthCheckRegistration check) => !check.Tags.Contains("masstransit");

    private static async Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("status", Name(report.Status));
        json.WriteStartArray("checks");
        foreach (var (name, entry) in report.Entries)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("status", Name(entry.Status));
            json.WriteNumber("durationMs", Math.Round(entry.Duration.TotalMilliseconds, 2));
            json.WriteString("detail", entry.Description);
            json.WriteStartObject("data");
            foreach (var (key, value) in entry.Data)
            {
                json.WritePropertyName(key);
                JsonSerializer.Serialize(json, value, value.GetType(), HealthJson.Default);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Name(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };

    private sealed class RedisCheck(IConnectionMultiplexer redis) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                var roundTrip = await redis.GetDatabase().PingAsync(CommandFlags.DemandMaster).WaitAsync(Patience, cancellationToken);
                return HealthCheckResult.Healthy(data: new Dictionary<string, object> { ["roundTripMs"] = roundTrip.TotalMilliseconds });
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
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

    private sealed class RabbitMqCheck(IBusControl bus, BrokerProbe broker) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            bus.CheckHealth().Status == BusHealthStatus.Healthy && await broker.AnswersAsync()
                ? HealthCheckResult.Healthy()
                : new HealthCheckResult(context.Registration.FailureStatus, "no answer; orders wait in the outbox");
    }
}

/// <summary>What checks may tell: a kind that is not listed fails. Generated, for the first answer is part of every start.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(double))]
internal sealed partial class HealthJson : JsonSerializerContext;
