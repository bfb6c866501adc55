using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Hosting;

/// <summary>Every check of <c>/health/ready</c> as a metric, measured every two seconds, so that alerts and readiness agree.</summary>
internal sealed class HealthGauge : IHealthCheckPublisher, IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);
    private readonly Meter _meter = new(Measurements.Name);
    private volatile HealthReport? _last;

    public HealthGauge() => _meter.CreateObservableGauge(
        "seckill.health", Observe, "1", "Checks of the readiness of this process: 1 healthy, 0 not.");

    public static void AddTo(IServiceCollection services)
    {
        services.AddSingleton<IHealthCheckPublisher, HealthGauge>();
        services.Configure<HealthCheckPublisherOptions>(publishing =>
            (publishing.Delay, publishing.Period, publishing.Timeout) = (s_interval, s_interval, 5 * s_interval));
    }

    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        _last = report;
        return Task.CompletedTask;
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<int>> Observe() =>
        from entry in _last?.Entries ?? new Dictionary<string, HealthReportEntry>()
        select new Measurement<int>(
            entry.Value.Status == HealthStatus.Healthy ? 1 : 0, new KeyValuePair<string, object?>("check", entry.Key));
}
