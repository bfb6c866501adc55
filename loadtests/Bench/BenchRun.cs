using System.Globalization;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench;

/// <summary>The variants in turns, after a warm-up, into <c>benchmarks.md</c> and <c>benchmarks.json</c>.</summary>
/// <param name="session">The system.</param>
public sealed class BenchRun(BenchSession session)
{
    // Long enough for the runtime to recompile the hot path with its profile.
    private const int WarmUpSeconds = 20;

    /// <summary>Runs and prints.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var options = session.Options;
        var origin = await session.OriginAsync();
        var load = await session.CreateLoadAsync(cancellationToken);
        var measurements = await MeasureAsync(session.CreateRunner(load), cancellationToken);
        IReadOnlyList<LifeRound> life = options.Names.Contains("life")
            ? await new LifeBench(session, load, BenchVariables.Address("BENCH_API")).RunAsync(cancellationToken)
            : [];
        await new BenchReport(
            origin.Date, origin.Command, origin.Commit, origin.Machine, load.Name, options.Rounds, options.Seconds, measurements, life,
            [.. Bars.Compute(measurements), .. LifeRound.Bars(life)]).WriteAsync(session.Console, options.Output);
        return measurements.All(run => run.Rows is null or { Violations.Count: 0 }) && life.All(round => round.Violations.Count == 0)
            ? ExitCode.Right
            : ExitCode.Wrong;
    }

    private async Task<List<Measurement>> MeasureAsync(VariantRunner runner, CancellationToken cancellationToken)
    {
        var (options, console) = (session.Options, session.Console);
        var variants = Variant.All.Where(variant => options.Names.Contains(variant.Name)).ToArray();
        foreach (var variant in variants)
        {
            console.WriteLine($"warming up {variant.Name}");
            await runner.RunAsync(variant, BenchVariables.Address(variant.Variable), 0, WarmUpSeconds, cancellationToken);
        }

        var measurements = new List<Measurement>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var variant in variants)
            {
                var run = await runner.RunAsync(
                    variant, BenchVariables.Address(variant.Variable), round, options.Seconds, cancellationToken);
                measurements.Add(run);
                console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round} of {options.Rounds}  {run.Variant,-10} {run.Load.PerSecond,9:N0} answers/s  "
                    + $"{run.Rows?.RowsPerSecond ?? 0,9:N0} rows/s  p99 {run.Load.P99Milliseconds,6:0.0} ms  "
                    + $"row p99 {run.Rows?.DelayP99Milliseconds ?? 0,6:N0} ms  {run.BytesPerRequest,6:N0} B  "
                    + $"others {run.OthersShare:P0}"));
                console.WriteLine("    CPU µs/request: " + string.Join(", ", run.CpuMicroseconds
                    .Where(entry => entry.Value >= 0.5)
                    .OrderByDescending(entry => entry.Value)
                    .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {entry.Value:0.0}"))));
                session.Conclude(run.Rows?.Violations ?? []);
            }
        }

        return measurements;
    }
}
