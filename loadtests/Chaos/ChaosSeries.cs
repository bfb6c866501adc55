using System.Diagnostics;
using System.Globalization;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Chaos;

/// <summary>What became of a series.</summary>
/// <param name="Results">Run by run; the last may have found something.</param>
/// <param name="Took">All of them.</param>
internal sealed record SeriesResult(IReadOnlyList<RunResult> Results, TimeSpan Took)
{
    public RunResult? Broken => Results.Count > 0 && Results[^1].Violation is not null ? Results[^1] : null;
}

/// <summary>Runs one after the other on one stage, until one finds something.</summary>
/// <param name="instance">Which servers: <c>chaos</c> or <c>test-chaos</c>.</param>
/// <param name="evidence">Directory below which a run that found something leaves everything, by its seed.</param>
/// <param name="report">Takes a line for each run.</param>
/// <param name="drainLimit">How long a sale may take to come to rest after healing.</param>
internal sealed class ChaosSeries(string instance, string evidence, Action<string> report, TimeSpan drainLimit)
{
    /// <param name="schedules">One for each run.</param>
    /// <param name="variant">What is broken on purpose; null for the product as it is.</param>
    public async Task<SeriesResult> RunAsync(IReadOnlyList<Schedule> schedules, Variant? variant = null)
    {
        var begun = Stopwatch.GetTimestamp();
        var results = new List<RunResult>();
        var root = variant is null ? Checkout.Root : await VariantBuild.BuildAsync(variant, instance);
        await using var stage = await Stage.StartAsync(instance, root);
        if (ShiftedClock.Library is null)
        {
            report("Clocks are not shifted: libfaketime is not installed (Debian: faketime). A WrongClock restarts its process, no more.");
        }

        await (variant?.Prepare?.Invoke(stage) ?? Task.CompletedTask);
        foreach (var schedule in schedules)
        {
            var name = schedule.Seed.ToString(CultureInfo.InvariantCulture);
            var directory = Path.Combine(evidence, variant is null ? name : $"{variant.Name}-{name}");
            var result = await new ChaosRun(stage, schedule, variant, drainLimit).RunAsync(directory);
            results.Add(result);
            report(Line(results.Count, schedules.Count, result));
            if (result.Violation is not null)
            {
                report($"{result.Violation.Message}\neverything about it: {directory}");
                break;
            }

            foreach (var member in stage.Members.Values)
            {
                await member.ForgetTheDeadAsync();
            }
        }

        return new SeriesResult(results, Stopwatch.GetElapsedTime(begun));
    }

    private static string Line(int run, int runs, RunResult result)
    {
        var faults = string.Join(", ", result.Schedule.Faults.Select(fault => $"{fault.Kind} {fault.Target} {fault.Detail}".TrimEnd()));
        var verdict = result.Violation is null ? "ok" : "BROKEN: " + result.Violation.Invariant;
        return string.Create(CultureInfo.InvariantCulture,
            $"run {run}/{runs}, seed {result.Schedule.Seed}: {result.Schedule.Faults.Count} faults ({faults}), "
            + $"{result.Operations} operations, {result.Calls.Count} calls of operators, {result.Took.TotalSeconds:0.0} s, "
            + $"definite {result.Recovery.TotalSeconds:0.0} s after healing: {verdict}");
    }
}
