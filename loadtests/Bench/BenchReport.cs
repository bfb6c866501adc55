using System.Text.Json;
using System.Text.Json.Serialization;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench;

/// <summary>The result of the benchmark.</summary>
/// <param name="Date">Start, UTC.</param>
/// <param name="Command">The command line.</param>
/// <param name="Commit">Of the checkout; <c>unknown</c> outside one.</param>
/// <param name="Machine">Machine and versions.</param>
/// <param name="Load">The load generator.</param>
/// <param name="Rounds">Turns of each variant.</param>
/// <param name="Seconds">Length of each run.</param>
/// <param name="Measurements">Every run.</param>
/// <param name="Life">Rounds of <c>life</c>; empty when not measured.</param>
/// <param name="Bars">The marks.</param>
public sealed record BenchReport(
    DateTimeOffset Date, string Command, string Commit, Machine Machine, string Load, int Rounds, int Seconds,
    IReadOnlyList<Measurement> Measurements, IReadOnlyList<LifeRound> Life, IReadOnlyList<Bar> Bars)
{
    /// <summary>Writes <c>benchmarks.json</c> and <c>benchmarks.md</c>, and shows the bars.</summary>
    /// <param name="console">Shows the bars.</param>
    /// <param name="directory">Created when missing.</param>
    public async Task WriteAsync(IAnsiConsole console, string directory)
    {
        await BenchMarkdown.Create(this).WriteAsync(console, directory, "benchmarks.md", [.. Bars]);
        await File.WriteAllTextAsync(
            Path.Combine(directory, "benchmarks.json"), JsonSerializer.Serialize(this, BenchJson.Default.BenchReport) + "\n");
    }
}

/// <summary>JSON of the report.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BenchReport))]
internal sealed partial class BenchJson : JsonSerializerContext;
