using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Seckill.Shared.Hosting;

/// <summary>
/// <c>/health/live</c>: the process runs. <c>/health/ready</c>: its dependencies answer; 503 when an essential one does not.
/// <c>/health/serving</c>: the process accepts requests, whichever dependency is down; 503 until it has warmed up and once it stops. It is
/// for load balancers, which would otherwise remove every process at once when a store is down. The ops listener adds what each check
/// says; the other listener has the status alone, and asks the stores at most once a second, however often it is called.
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
        var management = app.Services.GetRequiredService<ManagementListener>();
        var lastReadiness = new LastReadiness(
            app.Services.GetRequiredService<HealthCheckService>(), app.Services.GetRequiredService<TimeProvider>());
        Map("/health/live", _ => false, WriteStatusAsync);
        Map("/health/serving", check => check.Tags.Contains(ServingTag), WriteStatusAsync);
        Map("/health/ready", _ => true, brief: null);

        void Map(string path, Func<HealthCheckRegistration, bool> has, Func<HttpContext, HealthReport, Task>? brief)
        {
            var full = Checks(app, has, WriteAsync);
            var alone = brief is null ? lastReadiness.AnswerAsync : Checks(app, has, brief);
            app.Map(path, http => management.Serves(http) ? full(http) : alone(http))
                .WithMetadata(new OnOpsListener(AndNowhereElse: false));
        }
    }

    private static RequestDelegate Checks(
        IEndpointRouteBuilder app, Func<HealthCheckRegistration, bool> has, Func<HttpContext, HealthReport, Task> write) =>
        app.CreateApplicationBuilder()
            .UseMiddleware<HealthCheckMiddleware>(Options.Create(new HealthCheckOptions { Predicate = has, ResponseWriter = write }))
            .Build();

    private static Task WriteAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(new HealthAnswer(report), HealthJson.Default.HealthAnswer, "application/json");

    private static Task WriteStatusAsync(HttpContext context, HealthReport report) => WriteStatusAsync(context, report.Status);

    internal static Task WriteStatusAsync(HttpContext context, HealthStatus status) =>
        context.Response.WriteAsJsonAsync(new HealthStatusAnswer(HealthAnswer.Name(status)), HealthJson.Default.HealthStatusAnswer,
            "application/json");
}
