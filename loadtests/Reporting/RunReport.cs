using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.Json;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.Load.Soak;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Reporting;

/// <summary>The result of a run; each file of a report is written from this alone.</summary>
/// <param name="Scenario">Its name.</param>
/// <param name="Summary">What it is.</param>
/// <param name="Date">Start, UTC.</param>
/// <param name="Command">The command line.</param>
/// <param name="Commit">Of the checkout; <c>unknown</c> outside one.</param>
/// <param name="Loop">How visitors came, in words.</param>
/// <param name="Target">The storefront's addresses.</param>
/// <param name="Machine">Where the generator ran.</param>
/// <param name="Settings">Size and pass marks.</param>
/// <param name="Visitors">Who came.</param>
/// <param name="Seconds">From the first visitor to the last answer.</param>
/// <param name="Outcomes">Requests by kind and outcome.</param>
/// <param name="Latencies">From the moment at which a request was wanted.</param>
/// <param name="Thresholds">The pass marks.</param>
/// <param name="Audit">The audit.</param>
/// <param name="Warnings">What makes the run inconclusive, above all a slow generator.</param>
/// <param name="Findings">Sentences about what is wrong.</param>
/// <param name="Series">Each second.</param>
/// <param name="Resources">What the system used; null in scenarios that do not watch it.</param>
public sealed record RunReport(
    string Scenario, string Summary, DateTimeOffset Date, string Command, string Commit, string Loop, IReadOnlyList<Uri> Target,
    Machine Machine, LoadSettings Settings, long Visitors, double Seconds, IReadOnlyList<OutcomeCount> Outcomes,
    IReadOnlyList<LatencySummary> Latencies, IReadOnlyList<Threshold> Thresholds, IReadOnlyList<ResultSection> Audit,
    IReadOnlyList<string> Warnings, IReadOnlyList<string> Findings, IReadOnlyList<SecondSample> Series,
    IReadOnlyList<ResourceSample>? Resources = null)
{
    /// <summary>True when every pass mark is met.</summary>
    public bool IsPassed => Thresholds.All(threshold => threshold.IsMet);

    /// <summary>Requests that ended.</summary>
    public long Requests => Outcomes.Sum(outcome => outcome.Count);

    /// <summary>The latencies of all requests.</summary>
    public LatencySummary All => Latencies.Single(latency => latency.Name == LatencySummary.AllRequests);

    /// <summary>Requests of all kinds with this outcome.</summary>
    public long Count(string outcome) => Outcomes.Where(entry => entry.Outcome == outcome).Sum(entry => entry.Count);

    /// <summary>Reads <c>report.json</c>.</summary>
    /// <exception cref="JsonException">This is no report.</exception>
    public static async Task<RunReport> ReadAsync(string file)
    {
        await using var stream = File.OpenRead(file);
        return await JsonSerializer.DeserializeAsync(stream, ReportJson.Default.RunReport) ?? throw new JsonException($"{file} is empty.");
    }
}

/// <summary>Requests of one kind that ended in one way.</summary>
public sealed record OutcomeCount(string Step, string Outcome, OutcomeKind Kind, long Count)
{
    /// <summary>Those that occurred.</summary>
    public static IReadOnlyList<OutcomeCount> Of(Tally tally) =>
    [
        .. from step in Engine.Step.All
           from outcome in Engine.Outcome.All
           let count = tally.Count(step, outcome)
           where count > 0
           select new OutcomeCount(step.Name, outcome.Name, outcome.Kind, count),
    ];
}

/// <summary>Latencies of some requests, milliseconds.</summary>
public sealed record LatencySummary(
    string Name, long Count, double Mean, double P50, double P95, double P99, double P999, double Longest)
{
    /// <summary>The row of all requests.</summary>
    public const string AllRequests = "all requests";

    /// <summary>All requests again, without what they waited before they were sent.</summary>
    public const string FromSending = "all, from sending";

    /// <summary>All requests, then by how they ended; and what the server alone took.</summary>
    public static IReadOnlyList<LatencySummary> Of(Tally tally) =>
    [
        Of(AllRequests, tally.Latency()),
        .. Enum.GetValues<OutcomeKind>().Where(kind => tally.Latency(kind).Count > 0)
            .Select(kind => Of(kind.ToString().ToLowerInvariant(), tally.Latency(kind))),
        Of(FromSending, tally.Service),
    ];

    private static LatencySummary Of(string name, Histogram histogram)
    {
        double Milliseconds(double percent) => histogram.Percentile(percent) / 1000.0;
        return new LatencySummary(
            name, histogram.Count, Math.Round(histogram.Mean / 1000, 3), Milliseconds(50), Milliseconds(95), Milliseconds(99),
            Milliseconds(99.9), histogram.Longest / 1000.0);
    }
}

/// <summary>JSON of a report.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    IgnoreReadOnlyProperties = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
