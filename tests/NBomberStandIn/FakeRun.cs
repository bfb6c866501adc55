using System.Collections.Concurrent;
using System.Diagnostics;
using NBomber.Contracts;
using NBomber.Contracts.Stats;

namespace NBomber.StandIn;

/// <summary>One run of the fake engine.</summary>
internal sealed class FakeRun(ScenarioProps scenario, EngineScript script) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly ConcurrentBag<Task> _visits = [];
    private int _failures;
    private int _sent;

    public ScenarioProps Scenario => scenario;

    public TimeSpan Duration { get; } = scenario.LoadSimulations.Aggregate(TimeSpan.Zero, (sum, simulation) => sum + simulation.During);

    public ConcurrentDictionary<string, Measurements> Steps { get; } = new();

    public Measurements Iterations { get; } = new();

    public ConcurrentBag<double> Begun { get; } = [];

    public CancellationToken Stopped => _stop.Token;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_startedAt);

    public void Stop(string reason)
    {
        script.StopReason = reason;
        if (!script.IsDeaf)
        {
            _stop.Cancel();
        }
    }

    public async Task SendAsync()
    {
        for (var warmUp = 0; warmUp < script.WarmUpIterations; warmUp++)
        {
            await new FakeContext(this, ScenarioOperation.WarmUp).IterateAsync();
        }

        var from = Elapsed;
        foreach (var simulation in scenario.LoadSimulations)
        {
            switch (simulation)
            {
                case Inject inject:
                    for (var at = TimeSpan.Zero; at < inject.During; at += inject.Interval)
                    {
                        await InjectAsync(from + at, inject.Interval, inject.Rate);
                    }

                    break;
                case KeepConstant constant:
                    await Task.WhenAll(Enumerable.Range(0, constant.Copies).Select(_ => KeepAsync(from + constant.During)));
                    break;
            }

            from += simulation.During;
            await WaitUntilAsync(from);
        }

        await Task.WhenAll(_visits);
    }

    public ScenarioStats StatsOf(IEnumerable<Measurements> parts) => new(
        scenario.ScenarioName, Measurements.Of(parts, isError: false), Measurements.Of(parts, isError: true),
        [.. Steps.Select(step => new StepStats(
            step.Key, Measurements.Of([step.Value], isError: false), Measurements.Of([step.Value], isError: true)))]);

    public void Dispose() => _stop.Dispose();

    private async Task InjectAsync(TimeSpan from, TimeSpan interval, int rate)
    {
        for (var copy = 0; copy < rate && !Stopped.IsCancellationRequested; copy++)
        {
            await WaitUntilAsync(from + (interval * copy / rate) + (_sent > 0 ? script.Late : TimeSpan.Zero));
            if (_sent++ >= script.Forgets && !Stopped.IsCancellationRequested)
            {
                Begun.Add(Elapsed.TotalSeconds);
                _visits.Add(IterateAsync(new FakeContext(this, ScenarioOperation.Bombing)));
            }
        }
    }

    private async Task KeepAsync(TimeSpan until)
    {
        var context = new FakeContext(this, ScenarioOperation.Bombing);
        while (Elapsed < until && !Stopped.IsCancellationRequested)
        {
            await IterateAsync(context);
            await Task.Yield();
        }
    }

    private async Task IterateAsync(FakeContext context)
    {
        if (!await context.IterateAsync() && Interlocked.Increment(ref _failures) >= scenario.MaxFailCount)
        {
            Stop("Too many failures.");
        }
    }

    private async Task WaitUntilAsync(TimeSpan moment)
    {
        while (moment - Elapsed is var rest && rest > TimeSpan.Zero && !Stopped.IsCancellationRequested)
        {
            await Task.Delay(rest, Stopped).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
