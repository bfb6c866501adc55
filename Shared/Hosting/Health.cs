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
/// <remarks>
/// Why not the checks of AspNetCore.HealthChecks: theirs of Redis fails when any server of the connection string is down, and took six
/// seconds to say so; theirs of PostgreSQL knows nothing of the schema, and theirs of RabbitMQ nothing of the bus.
/// </remarks>
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
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync });
    }

    private static Task WriteAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(new HealthAnswer(report), HealthJson.Default.HealthAnswer, "application/json");
}
