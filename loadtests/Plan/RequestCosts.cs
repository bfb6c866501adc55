using System.Text.Json;
using Seckill.LoadTests.Bench;

namespace Seckill.LoadTests.Plan;

/// <summary>Processor time of a request in microseconds of one core, by process, as <c>./seckill bench</c> measured it.</summary>
/// <param name="AcceptedAtApi">An accepted order, at an API.</param>
/// <param name="RefusedAtApi">A sold-out answer, at an API; it costs nothing elsewhere.</param>
/// <param name="Redis">An accepted order.</param>
/// <param name="Postgres">An accepted order.</param>
/// <param name="RabbitMq">An accepted order.</param>
/// <param name="Worker">An accepted order.</param>
public sealed record RequestCosts(
    double AcceptedAtApi, double RefusedAtApi, double Redis, double Postgres, double RabbitMq, double Worker)
{
    /// <summary>Medians of the rounds.</summary>
    /// <exception cref="JsonException">It is no such file.</exception>
    /// <exception cref="InvalidDataException">It has no round of <c>accept</c> or of <c>sold-out</c>.</exception>
    public static RequestCosts Read(string json)
    {
        var report = JsonSerializer.Deserialize(json, BenchJson.Default.BenchReport) ?? throw new JsonException("It is empty.");
        return new RequestCosts(
            Of("accept", "api-1"), Of("sold-out", "api-1"), Of("accept", "redis"), Of("accept", "postgres"), Of("accept", "rabbitmq"),
            Of("accept", "worker-1"));

        double Of(string variant, string process)
        {
            double[] rounds = [.. report.Measurements.Where(one => one.Variant == variant).Select(one => one.CpuMicroseconds[process])];
            return rounds.Length > 0
                ? Spread.Of(rounds).Median
                : throw new InvalidDataException($"It has no round of {variant}: run ./seckill bench empty accept sold-out.");
        }
    }
}
