// The published C# interface of NBomber 6, as far as loadtests/NBomber calls it. What runs behind it is FakeEngine.
using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.StandIn;

namespace NBomber.CSharp;

public static class Response
{
    public static Response<object> Ok() => Ok<object>();

    // It leaves out the latency, as the published code does.
    public static Response<object> Ok(string statusCode = "", long sizeBytes = 0, string message = "", double customLatencyMs = 0) =>
        Ok<object>(statusCode, sizeBytes, message, 0 * customLatencyMs);

    public static Response<T> Ok<T>(string statusCode = "", long sizeBytes = 0, string message = "", double customLatencyMs = 0) =>
        new(statusCode, false, sizeBytes, customLatencyMs, message);

    public static Response<object> Fail() => Fail<object>();

    public static Response<object> Fail(string statusCode = "", string message = "", long sizeBytes = 0, double customLatencyMs = 0) =>
        Fail<object>(statusCode, message, sizeBytes, customLatencyMs);

    public static Response<T> Fail<T>(string statusCode = "", string message = "", long sizeBytes = 0, double customLatencyMs = 0) =>
        new(statusCode, true, sizeBytes, customLatencyMs, message);
}

public static class Step
{
    public static Task<Response<T>> Run<T>(string name, IScenarioContext context, Func<Task<Response<T>>> run) =>
        ((FakeContext)context).RunAsync(name, run);
}

public static class Simulation
{
    public static LoadSimulation KeepConstant(int copies, TimeSpan during) => new KeepConstant(copies, during);

    public static LoadSimulation Inject(int rate, TimeSpan interval, TimeSpan during) => new Inject(rate, interval, during);

    public static LoadSimulation Pause(TimeSpan during) => new Pause(during);
}

public static class Scenario
{
    public static ScenarioProps Create(string name, Func<IScenarioContext, Task<IResponse>> run) => new(name, run);

    public static ScenarioProps WithoutWarmUp(this ScenarioProps scenario) => scenario with { WarmUpDuration = null };

    public static ScenarioProps WithLoadSimulations(this ScenarioProps scenario, params LoadSimulation[] loadSimulations) =>
        scenario with { LoadSimulations = loadSimulations };

    public static ScenarioProps WithThresholds(this ScenarioProps scenario, params Threshold[] thresholds) =>
        scenario with { Thresholds = thresholds };

    public static ScenarioProps WithRestartIterationOnFail(this ScenarioProps scenario, bool shouldRestart) =>
        scenario with { RestartIterationOnFail = shouldRestart };

    public static ScenarioProps WithMaxFailCount(this ScenarioProps scenario, int maxFailCount) =>
        scenario with { MaxFailCount = maxFailCount };
}

public sealed record NBomberContext(ScenarioProps Scenario)
{
    public string TestSuite { get; init; } = "";

    public string TestName { get; init; } = "";

    public string ReportFolder { get; init; } = "";

    public string? Config { get; init; }

    public string? License { get; init; }
}

public static class NBomberRunner
{
    public static NBomberContext RegisterScenarios(params ScenarioProps[] scenarios) => new(scenarios.Single());

    public static NBomberContext LoadConfig(this NBomberContext context, string path) => context with { Config = path };

    public static NBomberContext WithTestSuite(this NBomberContext context, string testSuite) => context with { TestSuite = testSuite };

    public static NBomberContext WithTestName(this NBomberContext context, string testName) => context with { TestName = testName };

    public static NBomberContext WithReportFolder(this NBomberContext context, string reportFolderPath) =>
        context with { ReportFolder = reportFolderPath };

    public static NBomberContext WithLicense(this NBomberContext context, string license) => context with { License = license };

    public static NodeStats Run(this NBomberContext context) => FakeEngine.Run(context);
}
