using System.Diagnostics;
using NBomber.Contracts;

namespace NBomber.StandIn;

/// <summary>One scenario copy of the fake engine.</summary>
internal sealed class FakeContext(FakeRun run, ScenarioOperation operation) : IScenarioContext
{
    public ScenarioInfo ScenarioInfo { get; } =
        new(Guid.NewGuid().ToString(), 0, run.Scenario.ScenarioName, run.Duration, operation);

    public long InvocationNumber { get; private set; }

    public CancellationToken ScenarioCancellationToken => run.Stopped;

    public void StopScenario(string scenarioName, string reason) => StopCurrentTest(reason);

    public void StopCurrentTest(string reason) => run.Stop(reason);

    public TimeSpan GetScenarioTimerTime() => run.Elapsed;

    /// <summary>A step.</summary>
    public async Task<Response<T>> RunAsync<T>(string name, Func<Task<Response<T>>> step)
    {
        var since = Stopwatch.GetTimestamp();
        var response = await step();
        run.Steps.GetOrAdd(name, _ => new Measurements()).Add(response, Stopwatch.GetElapsedTime(since));
        if (response.IsError && run.Scenario.RestartIterationOnFail)
        {
            throw new IterationFailedException();
        }

        return response;
    }

    /// <summary>An iteration; false when it failed.</summary>
    public async Task<bool> IterateAsync()
    {
        InvocationNumber++;
        var since = Stopwatch.GetTimestamp();
        IResponse response;
        try
        {
            response = await run.Scenario.Run(this);
        }
        catch (IterationFailedException)
        {
            response = CSharp.Response.Fail();
        }

        run.Iterations.Add(response, Stopwatch.GetElapsedTime(since));
        return !response.IsError;
    }

    private sealed class IterationFailedException : Exception;
}
