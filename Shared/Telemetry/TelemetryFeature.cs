using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Telemetry;

/// <summary>Settings under <c>Telemetry</c>. The standard variables <c>OTEL_EXPORTER_OTLP_*</c> name the collector.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Share of the requests that are traced, 0 to 1.</summary>
    [Range(0.0, 1.0)] public double TraceRatio { get; set; } = 0.001;

    /// <summary>True when the traceparent of the caller decides: only behind a gateway that removes the headers of buyers.</summary>
    public bool TrustTraceParent { get; set; }
}

/// <summary>
/// Metrics at <c>/metrics</c>. With <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> set, a collector also gets metrics, traces and logs; without it no
/// span is created.
/// </summary>
internal static class TelemetryFeature
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    // The meters of the server by name: their package adds those of routing, which count every request once more (0.5 µs).
    private static readonly string[] s_meters =
        [Measurements.Name, "MassTransit", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    public static void AddTo(IServiceCollection services)
    {
        services.AddValidatedOptions<TelemetryOptions>("Telemetry");
        BuildInfo.Publish();
        // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come later and override it.
        var name = AppDomain.CurrentDomain.FriendlyName.ToLowerInvariant().Replace("service", "-service", StringComparison.Ordinal);
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.Clear()
                .AddService(name, serviceVersion: BuildInfo.Version).AddTelemetrySdk().AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics
                .AddMeter(s_meters)
                .AddNpgsqlInstrumentation()
                .AddRuntimeInstrumentation()
                .AddView(View)
                // Each scrape reads present values; labels are those of the instruments, without those of the meter.
                .AddPrometheusExporter(text => (text.ScrapeResponseCacheDurationMilliseconds, text.ScopeInfoEnabled) = (0, false)));
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Endpoint)))
        {
            // Otherwise the instrumentation of requests reads the trace of the caller itself.
            Sdk.SetDefaultTextMapPropagator(new TraceContextPropagator());
            services.AddSingleton(provider =>
                Options(provider).TrustTraceParent ? DistributedContextPropagator.Current : new NoCallersTrace());
            telemetry
                .WithTracing(traces => traces
                    .AddSource(Measurements.Name, "MassTransit")
                    .AddNpgsql()
                    .AddAspNetCoreInstrumentation()
                    .SetSampler(provider => new ParentBasedSampler(new RequestSampler(Options(provider).TraceRatio))))
                .WithLogging(null, logging => logging.IncludeFormattedMessage = true)
                .UseOtlpExporter();
        }
    }

    private static TelemetryOptions Options(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<TelemetryOptions>>().Value;

    // The default buckets begin above the duration of a usual answer.
    private static ExplicitBucketHistogramConfiguration? View(Instrument instrument) =>
        instrument.Name is "http.server.request.duration" or "db.client.operation.duration"
            ? new ExplicitBucketHistogramConfiguration { Boundaries = Measurements.Seconds }
            : null;
}
