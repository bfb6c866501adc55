using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Seckill.Shared.Hosting;

/// <summary>
/// <c>/health/live</c>: the process runs. <c>/health/ready</c>: its dependencies answer; 503 when an essential one does not.
/// <c>/health/serving</c>: the process accepts requests, whichever dependency is down; 503 until it has warmed up and once it stops. It is
/// for load balancers, which would otherwise remove every process at once when a store is down.
/// </summary>
/// <remarks>
/// Why not the checks of AspNetCore.HealthChecks: the one for Redis fails when any server of the connection string is down, and took six
/// seconds to report it; the one for PostgreSQL does not know the schema, and the one for RabbitMQ does not know the bus.
/// </remarks>
public static class Health
{
    /// <summary>Of the checks that decide whether the process accepts requests.</summary>
    public const string ServingTag = "serving";

    internal static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync });
        app.MapHealthChecks("/health/serving", new HealthCheckOptions
        {
            Predicate = check => check.Tags.Contains(ServingTag),
            ResponseWriter = WriteAsync,
        });
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync });
    }

    private static Task WriteAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(new HealthAnswer(report), HealthJson.Default.HealthAnswer, "application/json");
}
