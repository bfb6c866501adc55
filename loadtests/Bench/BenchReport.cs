using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seckill.LoadTests.Bench;

/// <summary>Everything that a run of the benchmark has to say.</summary>
/// <param name="Date">Start, UTC.</param>
/// <param name="Command">What was typed.</param>
/// <param name="Commit">Of the checkout; <c>unknown</c> outside one.</param>
/// <param name="Machine">Where.</param>
/// <param name="Load">The load generator.</param>
/// <param name="Rounds">Turns of each variant.</param>
/// <param name="Seconds">Length of each run.</param>
/// <param name="Measurements">Every run.</param>
/// <param name="Life">The end of many orders at once; empty when not measured.</param>
/// <param name="Bars">The marks.</param>
public sealed record BenchReport(
    DateTimeOffset Date, string Command, string Commit, Machine Machine, string Load, int Rounds, int Seconds,
    IReadOnlyList<Measurement> Measurements, IReadOnlyList<LifeRound> Life, IReadOnlyList<Bar> Bars)
{
    /// <summary>Writes <c>benchmarks.json</c> and <c>benchmarks.md</c>.</summary>
    /// <param name="directory">Created when missing.</param>
    public async Task WriteAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(
            Path.Combine(directory, "benchmarks.json"), JsonSerializer.Serialize(this, BenchJson.Default.BenchReport) + "\n");
        await File.WriteAllTextAsync(Path.Combine(directory, "benchmarks.md"), BenchMarkdown.Write(this));
    }
}

/// <summary>JSON of the report.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BenchReport))]
internal sealed partial class BenchJson : JsonSerializerContext;
