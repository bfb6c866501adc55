using System.Diagnostics;
using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.CSharp;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using NBomberScenario = NBomber.CSharp.Scenario;
using NBomberStep = NBomber.CSharp.Step;
using Step = Seckill.LoadTests.Engine.Step;

namespace Seckill.LoadTests.NBomber;

/// <summary>
/// Sends the visitors of a load run with NBomber. Each visitor is an iteration of one NBomber scenario, each request a step; refusals that
/// the scenario expects are good answers. An iteration with any other answer that is no success has failed.
/// </summary>
/// <param name="directory">Of the run's report; NBomber's own goes into a folder below it.</param>
/// <param name="config">NBomber's JSON configuration, an absolute path or a URL; null for none. It may change the load.</param>
public sealed class NBomberSender(string directory, string? config) : ISender
{
    private const string NotAVisit = "not-a-visit";
    private const string StopReason = "The run was stopped.";
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestStop = TimeSpan.FromSeconds(5);
    private IScenarioContext? _context;
    private long _next = -1;

    /// <inheritdoc/>
    public string Remark => (config is null ? "" : $"load as configured in {config}, if it says so; ")
        + "sent by NBomber; in an open loop it spreads the visitors of a second over it, and latency counts from the moment at which it "
        + "begins a visit, at the latest from the end of that second";

    /// <inheritdoc/>
    public bool ShowsProgress => true;

    /// <inheritdoc/>
    public async Task SendAsync(Visitors visitors, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(visitors);
        var plan = new ArrivalPlan(visitors.Arrivals);
        if (visitors.Settings.Users == 0 && visitors.Arrivals.Count == 0)
        {
            // NBomber cannot send no visitor.
            return;
        }

        // Run takes no token. The context of any visit can end it.
        await using var onStop = stop.Register(() => Volatile.Read(ref _context)?.StopCurrentTest(StopReason));
        var run = Task.Factory.StartNew(
            Configure(visitors, plan, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAny(run, Task.Delay(Timeout.InfiniteTimeSpan, stop));
        await visitors.Engine.LeaveAsync();
        // Time for its own report after a stop. When it goes on all the same, it sends nothing.
        await Task.WhenAny(run, Task.Delay(s_longestStop, CancellationToken.None));
        await visitors.Engine.LeaveAsync();
        if (run.Exception is { } error)
        {
            var cause = error.GetBaseException();
            throw new InvalidOperationException($"NBomber ended with an error: {cause.Message}", cause);
        }
    }

    private Func<NodeStats> Configure(Visitors visitors, ArrivalPlan plan, CancellationToken stop)
    {
        var settings = visitors.Settings;
        var scenario = NBomberScenario.Create(visitors.Scenario.Name, context => IterateAsync(visitors, plan, context, stop))
            // NBomber's would send the scenario itself, and sell the stock before anything counts.
            .WithoutWarmUp()
            // A visitor goes on after a request that failed, and so does the run: the pass marks are checked at its end.
            .WithRestartIterationOnFail(false)
            .WithMaxFailCount(int.MaxValue)
            .WithLoadSimulations(settings.Users > 0
                ? [Simulation.KeepConstant(settings.Users, TimeSpan.FromSeconds(settings.Seconds))] : plan.Simulations)
            .WithPassMarks(settings);
        var runner = NBomberRunner.RegisterScenarios(scenario)
            .WithTestSuite("seckill")
            .WithTestName(visitors.Scenario.Name)
            .WithReportFolder(Path.Combine(Path.GetFullPath(directory), "nbomber"));
        runner = config is null ? runner : runner.LoadConfig(config);
        var license = Environment.GetEnvironmentVariable("NBOMBER_LICENSE");
        runner = string.IsNullOrEmpty(license) ? runner : runner.WithLicense(license);
        return () => runner.Run();
    }

    private async Task<IResponse> IterateAsync(Visitors visitors, ArrivalPlan plan, IScenarioContext context, CancellationToken stop)
    {
        Volatile.Write(ref _context, context);
        if (stop.IsCancellationRequested || context.ScenarioInfo.ScenarioOperation == ScenarioOperation.WarmUp)
        {
            // It has not heard of the stop yet, or its configuration wants a warm-up.
            if (stop.IsCancellationRequested)
            {
                context.StopCurrentTest(StopReason);
            }

            await Task.Delay(s_rest, CancellationToken.None);
            return Response.Ok(statusCode: NotAVisit);
        }

        var settings = visitors.Settings;
        var (number, begunAt, failure) = (Interlocked.Increment(ref _next), Stopwatch.GetTimestamp(), (string?)null);
        var isPlanned = settings.Users == 0 && config is null;
        await visitors.VisitAsync(number, isPlanned ? plan.DueAt(number, begunAt) : begunAt, MeasureAsync);
        // An iteration has no latency of its own but that of the visit: think time is none.
        var milliseconds = Stopwatch.GetElapsedTime(begunAt).TotalMilliseconds;
        if (settings.Users > 0 && settings.ThinkMilliseconds > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(settings.ThinkMilliseconds * (0.5 + Random.Shared.NextDouble())), stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // The overload without a type argument leaves out the latency.
        return failure is null ? Response.Ok<object>(customLatencyMs: milliseconds)
            : Response.Fail<object>(statusCode: failure, customLatencyMs: milliseconds);

        async Task<ShopAnswer> MeasureAsync(Step step, Func<Task<ShopAnswer>> ask)
        {
            var answer = default(ShopAnswer);
            await NBomberStep.Run(step.Name, context, async () =>
            {
                answer = await ask();
                var outcome = answer.Outcome.Name;
                if (answer.IsSuccess || visitors.Scenario.Refusals.Contains(outcome))
                {
                    return Response.Ok(statusCode: outcome);
                }

                failure ??= outcome;
                return Response.Fail(statusCode: outcome);
            });
            return answer;
        }
    }
}
