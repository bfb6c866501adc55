using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Telemetry;

/// <summary>Settings under <c>Telemetry</c>. Where it goes is told by the standard's own variables, <c>OTEL_EXPORTER_OTLP_*</c>.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Share of the requests that are traced, 0 to 1.</summary>
    [Range(0.0, 1.0)]
    public double TraceRatio { get; set; } = 0.001;

    /// <summary>True when the caller's traceparent decides: only behind a gateway that removes what buyers send.</summary>
    public bool TrustTraceParent { get; set; }
}

/// <summary>
/// Sends metrics, traces and logs to a collector when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set. Otherwise nothing is built, and
/// nothing listens.
/// </summary>
internal sealed class OtlpExport : IHostedService, IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;

    public OtlpExport()
    {
        _metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(Resource()).AddMeasurements().AddOtlpExporter().Build();
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(Resource())
            .AddSource(Measurements.Name, "Npgsql", "MassTransit")
            .SetSampler(new RequestTraces.Sampler())
            .AddOtlpExporter()
            .Build();
    }

    public static void AddTo(WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<TelemetryOptions>("Telemetry");
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Endpoint)))
        {
            return;
        }

        builder.Services.AddSingleton<OtlpExport>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<OtlpExport>());
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.SetResourceBuilder(Resource()).AddOtlpExporter();
        });
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
    }

    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come after, and win.
    private static ResourceBuilder Resource() => ResourceBuilder.CreateEmpty()
        .AddService(AppDomain.CurrentDomain.FriendlyName.ToLowerInvariant().Replace("service", "-service", StringComparison.Ordinal))
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();
}
