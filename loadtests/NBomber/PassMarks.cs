using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.CSharp;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Threshold = NBomber.Contracts.Threshold;

namespace Seckill.LoadTests.NBomber;

/// <summary>
/// The pass marks that NBomber can check, for its own report. The verdict of the run is that of <see cref="Load.Threshold"/>: NBomber sees
/// no audit, and its latencies leave out how late a visitor began.
/// </summary>
internal static class PassMarks
{
    /// <summary>p99, errors and unexpected refusals as thresholds, which end no run early.</summary>
    public static ScenarioProps WithPassMarks(this ScenarioProps scenario, LoadSettings settings)
    {
        var (maximumP99Milliseconds, maximumPercent) = (settings.MaximumP99Milliseconds, settings.MaximumErrorPercent);
        var errors = Outcome.All.Where(outcome => outcome.IsError).Select(outcome => outcome.Name).ToHashSet();
        return scenario.WithThresholds(
            Threshold.Create((ScenarioStats stats) => stats.Ok.Latency.Percent99 <= maximumP99Milliseconds),
            Threshold.Create((ScenarioStats stats) =>
                stats.Fail.StatusCodes.Where(code => errors.Contains(code.StatusCode)).Sum(code => code.Count) * 100.0
                    <= maximumPercent * (stats.Ok.Request.Count + stats.Fail.Request.Count)),
            Threshold.Create((ScenarioStats stats) =>
                stats.Fail.StatusCodes.Where(code => !errors.Contains(code.StatusCode)).Sum(code => code.Count) * 100.0
                    <= maximumPercent * (stats.Ok.Request.Count + stats.Fail.Request.Count)));
    }
}
