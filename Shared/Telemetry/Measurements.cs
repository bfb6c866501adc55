using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;

namespace Seckill.Shared.Telemetry;

/// <summary>
/// What every process measures. Our own instruments are of the meter <see cref="Name"/>; their tags have few values: outcomes,
/// kinds, and at most a hundred sale items. Never a buyer, an order or an address.
/// </summary>
public static class Measurements
{
    /// <summary>Name of our meter and of our activity source.</summary>
    public const string Name = "Seckill";

    /// <summary>Bounds of the buckets of a duration in seconds: 0.1 ms to 10 s.</summary>
    public static readonly double[] Seconds =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    /// <summary>Bounds of the buckets of a lag in seconds, which an outage makes long: 1 ms to an hour.</summary>
    public static readonly double[] LagSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600];

    private static readonly string[] s_meters =
    [
        Name, "Npgsql", "MassTransit", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
    ];

    internal static MeterProviderBuilder AddMeasurements(this MeterProviderBuilder builder) =>
        builder.AddMeter(s_meters).AddView(View);

    // Their own buckets begin where our answers end.
    private static ExplicitBucketHistogramConfiguration? View(Instrument instrument) =>
        instrument.Name is "http.server.request.duration" or "db.client.operation.duration"
            ? new ExplicitBucketHistogramConfiguration { Boundaries = Seconds }
            : null;
}
