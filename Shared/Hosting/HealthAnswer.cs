using System.Text.Json.Serialization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Seckill.Shared.Hosting;

/// <summary>
/// What <c>/health/*</c> answers: a list of checks for people and scripts, and <c>totalDuration</c> and <c>entries</c> in the form of
/// AspNetCore.HealthChecks.UI, which dashboards read.
/// </summary>
internal sealed class HealthAnswer(HealthReport report)
{
    public string Status { get; } = Name(report.Status);
    public TimeSpan TotalDuration { get; } = report.TotalDuration;
    public IEnumerable<Check> Checks { get; } =
        [.. report.Entries.Select(named => new Check(
            named.Key, Name(named.Value.Status), Math.Round(named.Value.Duration.TotalMilliseconds, 2), named.Value.Description,
            named.Value.Data))];

    public IReadOnlyDictionary<string, Entry> Entries { get; } = report.Entries.ToDictionary(named => named.Key, named => new Entry(
        named.Value.Data, named.Value.Description, named.Value.Duration, Name(named.Value.Status), named.Value.Tags));

    public static string Name(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };

    internal sealed record Check(string Name, string Status, double DurationMs, string? Detail, IReadOnlyDictionary<string, object> Data);

    internal sealed record Entry(
        IReadOnlyDictionary<string, object> Data, string? Description, TimeSpan Duration, string Status, IEnumerable<string> Tags);
}

/// <summary>What the listener of buyers answers.</summary>
/// <param name="Status">healthy, degraded or unhealthy.</param>
internal sealed record HealthStatusAnswer(string Status);

/// <summary>Types that checks may report; any other type fails. Generated, because each start waits for the first answer.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(HealthStatusAnswer))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(double))]
internal sealed partial class HealthJson : JsonSerializerContext;
