namespace Seckill.Shared.Telemetry;

/// <summary>
/// Common parts of the instruments of Seckill. They belong to the meter <see cref="Name"/>; their tags have few values: outcomes, kinds,
/// and at most a hundred sale items. Never a buyer, an order or an address.
/// </summary>
public static class Measurements
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "Seckill";

    /// <summary>Histogram bounds of a duration in seconds: 0.1 ms to 10 s.</summary>
    public static readonly double[] Seconds =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    /// <summary>Histogram bounds of a lag in seconds, which an outage makes long: 1 ms to an hour.</summary>
    public static readonly double[] LagSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600];
}
