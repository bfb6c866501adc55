using NBomber.Contracts;
using NBomber.Contracts.Stats;

namespace NBomber.StandIn;

/// <summary>Responses of a step or of a scenario.</summary>
internal sealed class Measurements
{
    private readonly List<(IResponse Response, double Milliseconds)> _all = [];

    public void Add(IResponse response, TimeSpan took)
    {
        lock (_all)
        {
            _all.Add((response, response.CustomLatencyMs > 0 ? response.CustomLatencyMs : took.TotalMilliseconds));
        }
    }

    public static MeasurementStats Of(IEnumerable<Measurements> parts, bool isError)
    {
        var some = parts.SelectMany(part => part._all).Where(one => one.Response.IsError == isError).ToArray();
        double[] latencies = [.. some.Select(one => one.Milliseconds).Order()];
        double Percentile(double percent) =>
            latencies.Length == 0 ? 0 : latencies[(int)Math.Ceiling(latencies.Length * percent / 100) - 1];
        return new MeasurementStats(
            new RequestStats(some.Length), new LatencyStats(Percentile(100), Percentile(50), Percentile(99)),
            [.. some.GroupBy(one => one.Response.StatusCode).Select(code => new StatusCodeStats(code.Key, isError, code.Count()))]);
    }
}
