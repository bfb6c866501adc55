using System.Collections.Concurrent;
using System.Globalization;
using StackExchange.Redis;

namespace Seckill.InventoryService.Dashboard;

/// <summary>
/// Receives the heartbeats of all OrderServices and computes rates from them. A process that is silent for some seconds counts as stopped,
/// and its rates are dropped: an old number is never shown as a live one.
/// </summary>
internal sealed class HeartbeatBoard(IConnectionMultiplexer redis, TimeProvider clock)
{
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(3.5);
    private static readonly TimeSpan s_forgotten = TimeSpan.FromMinutes(5);

    // Refusals for a technical reason: limits of Seckill, and stores that do not answer.
    private static readonly string[] s_technical = ["outbox-full", "queue-full", "no-answer"];

    private static readonly Dictionary<string, long> s_none = [];
    private readonly ConcurrentDictionary<string, Heard> _heard = new();

    /// <summary>Receives heartbeats from now on.</summary>
    public void Listen() => Heartbeat.Listen(redis, Hear);

    /// <summary>Remembers a heartbeat, and the one before it.</summary>
    internal void Hear(Heartbeat heartbeat) =>
        _heard.AddOrUpdate(
            heartbeat.Instance, _ => new Heard(heartbeat, null, clock.GetTimestamp()),
            // Heartbeats may overtake each other.
            (_, last) => heartbeat.UptimeMilliseconds > last.Now.UptimeMilliseconds
                ? new Heard(heartbeat, last.Now, clock.GetTimestamp()) : last);

    /// <summary>The rates of all running processes together; all zero when there are none.</summary>
    public Traffic Read()
    {
        foreach (var (instance, _) in _heard.Where(heard => clock.GetElapsedTime(heard.Value.At) > s_forgotten))
        {
            _heard.TryRemove(instance, out _);
        }

        var living = _heard.Values.Where(heard => clock.GetElapsedTime(heard.At) <= s_silence).ToList();
        var pairs = living.Where(heard => heard.Before is not null)
            .Select(heard => (
                heard.Now, Before: heard.Before!, Seconds: (heard.Now.UptimeMilliseconds - heard.Before!.UptimeMilliseconds) / 1000.0))
            .ToList();
        var rates = pairs
            .SelectMany(pair => pair.Now.Answers.Select(answer => (
                Reason: answer.Key, Rate: (answer.Value - pair.Before.Answers.GetValueOrDefault(answer.Key)) / pair.Seconds)))
            .GroupBy(answer => answer.Reason).ToDictionary(same => same.Key, same => same.Sum(answer => answer.Rate));
        var gate = pairs.Sum(pair => (pair.Now.GateRefusals - pair.Before.GateRefusals) / pair.Seconds);
        var latency = Enumerable.Range(0, Heartbeat.Bounds.Count + 1)
            .Select(i => (double)pairs.Sum(pair => pair.Now.Latency[i] - pair.Before.Latency[i])).ToArray();
        var soldOut = rates.GetValueOrDefault("sold-out");
        return new Traffic(
            Math.Round(rates.GetValueOrDefault("reserved"), 1), Math.Round(rates.GetValueOrDefault("replayed"), 1),
            [
                .. rates.Where(rate => rate.Key is not ("reserved" or "replayed") && rate.Value > 0)
                    .OrderByDescending(rate => rate.Value)
                    .Select(rate => new RefusalRate(
                        rate.Key, Math.Round(rate.Value, 1), s_technical.Contains(rate.Key) ? Tone.Broken : Tone.Fine)),
            ],
            soldOut > 0 ? Math.Min(1, gate / soldOut) : null, Quantile(latency, 0.5), Quantile(latency, 0.99),
            living.Sum(heard => heard.Now.InFlight), living.Count(heard => heard.Now.Role is "api" or "all"),
            living.Count(heard => heard.Now.Role is "worker" or "all"))
        {
            LastApi = LastOf("api"), LastWorker = LastOf("worker"), Shed = ShedLine.Of(pairs.SelectMany(pair =>
                (pair.Now.Shed ?? s_none).Select(shed =>
                    (shed.Key, (shed.Value - (pair.Before.Shed ?? s_none).GetValueOrDefault(shed.Key)) / pair.Seconds)))),
            // A sale that the heartbeat before did not name has no rate yet.
            Sales =
            [
                .. pairs.SelectMany(pair => (pair.Now.Clicks ?? s_none)
                        .Where(sale => pair.Before.Clicks?.ContainsKey(sale.Key) == true)
                        .Select(sale => (Id: sale.Key, Rate: (sale.Value - pair.Before.Clicks![sale.Key]) / pair.Seconds)))
                    .GroupBy(sale => sale.Id)
                    .Select(sale => new SaleRate(
                        long.Parse(sale.Key, CultureInfo.InvariantCulture), Math.Round(sale.Sum(one => one.Rate), 1)))
                    .Where(sale => sale.ClicksPerSecond > 0).OrderByDescending(sale => sale.ClicksPerSecond),
            ],
        };
    }

    private DateTimeOffset? LastOf(string role) => _heard.Values.Where(heard => heard.Now.Role == role || heard.Now.Role == "all")
        .Select(heard => (DateTimeOffset?)(clock.GetUtcNow() - clock.GetElapsedTime(heard.At))).Max();

    /// <summary>A quantile of the durations, milliseconds, interpolated between the bounds.</summary>
    internal static double? Quantile(double[] counts, double share)
    {
        var rank = share * counts.Sum();
        if (rank <= 0)
        {
            return null;
        }

        double below = 0;
        for (var i = 0; i < Heartbeat.Bounds.Count; i++)
        {
            if (counts[i] > 0 && below + counts[i] >= rank)
            {
                var from = i == 0 ? 0 : Heartbeat.Bounds[i - 1];
                return from + ((Heartbeat.Bounds[i] - from) * (rank - below) / counts[i]);
            }

            below += counts[i];
        }

        // Durations beyond the last bound are not measured.
        return Heartbeat.Bounds[^1];
    }

    private sealed record Heard(Heartbeat Now, Heartbeat? Before, long At);
}
