using NBomber.Contracts.Stats;
using NBomber.CSharp;

namespace NBomber.StandIn;

/// <summary>
/// Stands for NBomber's engine: calls a scenario as its load simulations say, and counts as NBomber's documentation says. An iteration
/// whose step failed ends there, unless the scenario says otherwise; too many failures end the run; the visitors of an interval are spread
/// over it; a simulation shorter than a second, or of no visitor, is refused.
/// </summary>
public static class FakeEngine
{
    /// <summary>Runs to the end, and blocks meanwhile as NBomber does.</summary>
    public static NodeStats Run(NBomberContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var script = EngineScript.Current;
        script.Context = context;
        if (script.Failure is { } failure)
        {
            throw failure;
        }

        Check(context);
        using var run = new FakeRun(context.Scenario, script);
        run.SendAsync().Wait();
        var stats = run.StatsOf(run.Steps.Values);
        script.Begun = [.. run.Begun.Order()];
        script.Iterations = run.StatsOf([run.Iterations]);
        script.Stats = new NodeStats([stats], [.. context.Scenario.Thresholds.Select(threshold => new ThresholdResult(
            stats.ScenarioName, threshold.CheckScenario.ToString(), !threshold.CheckScenario.Compile()(stats)))]);
        return script.Stats;
    }

    private static void Check(NBomberContext context)
    {
        foreach (var simulation in context.Scenario.LoadSimulations)
        {
            var (isWhole, count) = simulation switch
            {
                Inject inject => (inject.Interval <= inject.During, inject.Rate),
                KeepConstant constant => (true, constant.Copies),
                _ => (true, 1),
            };
            if (simulation.During < TimeSpan.FromSeconds(1) || !isWhole || count < 1)
            {
                throw new ArgumentException($"The engine cannot run {simulation}.");
            }
        }

        if (!Path.IsPathFullyQualified(context.ReportFolder))
        {
            throw new ArgumentException($"The report would be written somewhere below the program: {context.ReportFolder}");
        }
    }
}
