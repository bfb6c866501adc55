using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Demo;

/// <summary>What the buyers saw, from the client's own log.</summary>
public static class RushSection
{
    /// <summary>The rows.</summary>
    /// <param name="log">Every attempt.</param>
    /// <param name="duration">From the first request to the last answer.</param>
    /// <param name="buyers">How many came.</param>
    /// <param name="connections">How many were let in at a time.</param>
    public static ResultSection Create(IReadOnlyList<OrderAttempt> log, TimeSpan duration, int buyers, int connections)
    {
        var accepted = log.Where(attempt => attempt.Answer.Kind == AnswerKind.Accepted).ToList();
        var refused = log.Where(attempt => attempt.Answer.Kind == AnswerKind.Refused).ToList();
        var failed = log.Where(attempt => attempt.Answer.Kind == AnswerKind.Unknown).ToList();
        var accepts = LatencyOf(accepted);
        var refusals = LatencyOf(refused);
        var retries = accepted.Count - accepted.Select(attempt => attempt.Answer.OrderId).Distinct().Count();
        return new ResultSection("What the buyers saw",
        [
            new("Buyers", Amount.Text(buyers), $"{Amount.Text(connections)} at a time, for {Amount.Text(duration)}"),
            new("Attempts", Amount.Text(log.Count), "with retries and double clicks"),
            new("Throughput", $"{Amount.Text(log.Count / duration.TotalSeconds)}/s", "answers"),
            new("Accepted", Amount.Text(accepted.Count), $"{Amount.Text(retries)} are the same order again"),
            new("Refused", Amount.Text(refused.Count), ""),
            .. ByCode(refused),
            new("Failed", Amount.Text(failed.Count), "no answer that says anything"),
            .. ByCode(failed),
            new("Accepts p50", Text(accepts, 50), "half of the buyers waited less"),
            new("Accepts p99", Text(accepts, 99), "one in a hundred waited longer"),
            new("Refusals p50", Text(refusals, 50), ""),
            new("Refusals p99", Text(refusals, 99), ""),
        ]);
    }

    private static Histogram LatencyOf(IEnumerable<OrderAttempt> attempts)
    {
        var latency = new Histogram();
        foreach (var attempt in attempts)
        {
            latency.Record((long)Stopwatch.GetElapsedTime(attempt.StartedAt, attempt.EndedAt).TotalMicroseconds);
        }

        return latency;
    }

    private static string Text(Histogram latency, double percent) => latency.Count == 0 ? "–"
        : string.Create(CultureInfo.InvariantCulture, $"{latency.Percentile(percent) / 1000.0:N1} ms");

    private static IEnumerable<ResultRow> ByCode(IEnumerable<OrderAttempt> attempts) =>
        attempts.GroupBy(attempt => attempt.Answer.Code)
            .OrderByDescending(group => group.Count())
            .Select(group => new ResultRow($"  {group.Key}", Amount.Text(group.Count()), Explain(group.Key)));

    private static string Explain(string code) => code switch
    {
        RefusalCode.SoldOut => "came too late",
        RefusalCode.LimitReached => "had what one buyer may have",
        RefusalCode.KeyReused => "one key, two quantities",
        RefusalCode.Unavailable => "asked to come back",
        RefusalCode.Busy => "came when too many came",
        RefusalCode.RateLimited => "clicked too fast",
        OrderAnswer.NotSent => "asked another instance",
        _ => "",
    };
}
