using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Seckill.Shared.Hosting;

/// <summary>
/// <c>/health/live</c>: the process runs. <c>/health/ready</c>: what it needs answers; 503 when something essential does not.
/// <c>/health/serving</c>: it takes requests, whatever is away; 503 once it stops, for a balancer that would otherwise take every
/// process out at once.
/// </summary>
public static class Health
{
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
}

/// <summary>What checks may tell: a kind that is not listed fails. Generated, for the first answer is part of every start.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(double))]
internal sealed partial class HealthJson : JsonSerializerContext;
