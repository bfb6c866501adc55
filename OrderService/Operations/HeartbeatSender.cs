using System.Diagnostics;
using System.Globalization;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Reservations;
using StackExchange.Redis;

namespace Seckill.OrderService.Operations;

/// <summary>
/// Reports to the dashboard once a second that this process lives, and what it has answered. While Redis is down, other lines of the log
/// report it, and the next heartbeat has the same counts and more.
/// </summary>
/// <param name="role">The role of this process, as a word.</param>
/// <param name="counters">What it has answered.</param>
/// <param name="redis">Carries the heartbeats.</param>
/// <param name="clock">Of the interval.</param>
/// <param name="batcher">Null in a process that takes no orders.</param>
/// <param name="overload">Null in a process that takes no orders.</param>
internal sealed class HeartbeatSender(
    string role, HeartbeatCounters counters, IConnectionMultiplexer redis, TimeProvider clock, ReservationBatcher? batcher = null,
    OverloadController? overload = null) : PeriodicService(clock)
{
    private const int MostSales = 20;
    private static readonly Dictionary<long, long> s_none = [];
    private readonly string _instance = $"{ProcessName.Unique}-{Guid.NewGuid().ToString("N")[..6]}";
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private IReadOnlyDictionary<long, long> _clicks = s_none;

    protected override TimeSpan Interval => Heartbeat.Interval;
    protected override bool StartsAtOnce => true;

    protected override Task RunRoundAsync(CancellationToken stoppingToken)
    {
        var uptime = (long)Stopwatch.GetElapsedTime(_startedAt).TotalMilliseconds;
        return new Heartbeat(
            _instance, role, uptime, counters.InFlight, counters.Answers(), counters.GateRefusals, counters.Latency())
        {
            Clicks = Busiest(),
            Shed = overload?.Shed().Where(shed => shed.Count > 0).ToDictionary(shed => $"{shed.Class} {shed.Reason}", shed => shed.Count),
        }.SendAsync(redis);
    }

    private Dictionary<string, long> Busiest()
    {
        var (before, now) = (_clicks, batcher?.ClicksBySale() ?? s_none);
        _clicks = now;
        return now.OrderByDescending(sale => sale.Value - before.GetValueOrDefault(sale.Key)).Take(MostSales)
            .ToDictionary(sale => sale.Key.ToString(CultureInfo.InvariantCulture), sale => sale.Value);
    }
}
