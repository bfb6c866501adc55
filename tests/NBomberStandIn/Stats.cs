// The published statistics of NBomber 6, without the members that neither loadtests/NBomber nor its tests use.
namespace NBomber.Contracts.Stats;

public sealed record StatusCodeStats(string StatusCode, bool IsError, int Count);

public sealed record RequestStats(int Count);

public sealed record LatencyStats(double MaxMs, double Percent50, double Percent99);

public sealed record MeasurementStats(RequestStats Request, LatencyStats Latency, StatusCodeStats[] StatusCodes);

public sealed record StepStats(string StepName, MeasurementStats Ok, MeasurementStats Fail);

public sealed record ScenarioStats(string ScenarioName, MeasurementStats Ok, MeasurementStats Fail, StepStats[] StepStats);

public sealed record ThresholdResult(string ScenarioName, string CheckExpression, bool IsFailed);

public sealed record NodeStats(ScenarioStats[] ScenarioStats, ThresholdResult[] Thresholds);
