// The published contracts of NBomber 6 (PragmaticFlow/NBomber.Contracts), as C# sees them, without the members that loadtests/NBomber
// does not use.
using System.Linq.Expressions;
using NBomber.Contracts.Stats;

namespace NBomber.Contracts;

public interface IResponse
{
    string StatusCode { get; }

    bool IsError { get; }

    long SizeBytes { get; }

    double CustomLatencyMs { get; }

    string Message { get; }
}

public sealed record Response<T>(string StatusCode, bool IsError, long SizeBytes, double CustomLatencyMs, string Message) : IResponse;

public enum ScenarioOperation
{
    Init = 0,
    Clean = 1,
    WarmUp = 2,
    Bombing = 3,
}

public sealed record ScenarioInfo(
    string InstanceId, int InstanceNumber, string ScenarioName, TimeSpan ScenarioDuration, ScenarioOperation ScenarioOperation);

public interface IScenarioContext
{
    ScenarioInfo ScenarioInfo { get; }

    long InvocationNumber { get; }

    CancellationToken ScenarioCancellationToken { get; }

    void StopScenario(string scenarioName, string reason);

    void StopCurrentTest(string reason);

    TimeSpan GetScenarioTimerTime();
}

/// <summary>A union in F#; loadtests/NBomber makes its cases by <see cref="CSharp.Simulation"/> alone.</summary>
public abstract record LoadSimulation(TimeSpan During);

public sealed class Threshold
{
    private Threshold(Expression<Func<ScenarioStats, bool>> checkScenario, int? abortWhenErrorCount, TimeSpan? startCheckAfter) =>
        (CheckScenario, AbortWhenErrorCount, StartCheckAfter) = (checkScenario, abortWhenErrorCount, startCheckAfter);

    public Expression<Func<ScenarioStats, bool>> CheckScenario { get; }

    public int? AbortWhenErrorCount { get; }

    public TimeSpan? StartCheckAfter { get; }

    public static Threshold Create(
        Expression<Func<ScenarioStats, bool>> checkScenario, int? abortWhenErrorCount = null, TimeSpan? startCheckAfter = null) =>
        new(checkScenario, abortWhenErrorCount, startCheckAfter);
}

public sealed record ScenarioProps(string ScenarioName, Func<IScenarioContext, Task<IResponse>> Run)
{
    public TimeSpan? WarmUpDuration { get; init; } = TimeSpan.FromSeconds(30);

    public IReadOnlyList<LoadSimulation> LoadSimulations { get; init; } = [];

    public IReadOnlyList<Threshold> Thresholds { get; init; } = [];

    public bool RestartIterationOnFail { get; init; } = true;

    public int MaxFailCount { get; init; } = 5_000;
}
