using System.ComponentModel.DataAnnotations;
using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Hosting;

/// <summary>Settings under <c>Stop</c>.</summary>
public sealed class StopOptions
{
    /// <summary>
    /// How long to keep serving after SIGTERM while readiness reports 503, milliseconds: as long as a load balancer takes to notice. 0 in
    /// Development, where there is none.
    /// </summary>
    [Range(0, 300_000)] public int DrainMilliseconds { get; set; } = 3_000;

    /// <summary>Afterwards, how long work in progress may take, milliseconds. Requests that still wait then are aborted.</summary>
    [Range(10_000, 300_000)] public int LongestMilliseconds { get; set; } = 15_000;
}

/// <summary>
/// What SIGTERM does, in this order: readiness turns 503, event streams end, and each answer closes its connection, while requests are
/// served as before; then the process accepts nothing new and finishes its work: requests, the batcher, the relay, the messages of the
/// worker; then it exits. The maximum is <see cref="StopOptions.DrainMilliseconds"/> plus <see cref="StopOptions.LongestMilliseconds"/>.
/// No promise depends on it: kill -9 loses no order either.
/// </summary>
internal sealed partial class GracefulStop(IHostApplicationLifetime lifetime, IOptions<StopOptions> options, ILogger<GracefulStop> logger)
    : IHostedLifecycleService, IHealthCheck
{
    private const string CheckName = "serving";

    // A message that waits for a store that is down goes back to its queue, and the bus still has time to close.
    private const double ConsumersShare = 0.4;
    private const double BusShare = 0.7;

    private readonly CancellationToken _stopping = lifetime.ApplicationStopping;

    public static void AddTo(IServiceCollection services, IHostEnvironment environment)
    {
        if (environment.IsDevelopment())
        {
            // The configuration is bound afterwards and may override it.
            services.Configure<StopOptions>(stop => stop.DrainMilliseconds = 0);
        }

        services.AddValidatedOptions<StopOptions>("Stop");
        services.AddSingleton<GracefulStop>();
        services.AddHostedService(provider => provider.GetRequiredService<GracefulStop>());
        services.AddHealthChecks().AddCheck<GracefulStop>(CheckName, tags: [Health.ServingTag]);
        services.AddOptions<HostOptions>().Configure<IOptions<StopOptions>>((host, stop) =>
            host.ShutdownTimeout = TimeSpan.FromMilliseconds(stop.Value.DrainMilliseconds + stop.Value.LongestMilliseconds));
        services.AddOptions<MassTransitHostOptions>().Configure<IOptions<StopOptions>>((bus, stop) =>
        {
            bus.ConsumerStopTimeout = TimeSpan.FromMilliseconds(ConsumersShare * stop.Value.LongestMilliseconds);
            bus.StopTimeout = TimeSpan.FromMilliseconds(BusShare * stop.Value.LongestMilliseconds);
        });
    }

    /// <summary>Must come before routing, because the busiest endpoint is short-circuited there.</summary>
    public static void Use(IApplicationBuilder app)
    {
        var stopping = app.ApplicationServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        app.Use(next => http =>
        {
            // Otherwise a client keeps its connection until the process cuts it, perhaps in the middle of a request.
            if (stopping.IsCancellationRequested && HttpProtocol.IsHttp11(http.Request.Protocol))
            {
                http.Response.Headers.Connection = "close";
            }

            return next(http);
        });
    }

    /// <summary>The host calls it first, while the server still accepts connections.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        LogDraining(options.Value.DrainMilliseconds);
        await Task.Delay(options.Value.DrainMilliseconds, CancellationToken.None);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_stopping.IsCancellationRequested
            ? HealthCheckResult.Unhealthy("stopping; send new requests to another instance")
            : HealthCheckResult.Healthy());

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(2, LogLevel.Information, "Stopping: readiness reports 503; still serving for {DrainMilliseconds} ms.")]
    private partial void LogDraining(int drainMilliseconds);
}
