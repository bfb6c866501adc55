using System.Diagnostics;
using StackExchange.Redis;

namespace Seckill.OrderService.Operations;

/// <summary>
/// Reports to the dashboard once a second that this process lives, and what it has answered. While Redis is down, other lines of the log
/// report it, and the next heartbeat has the same counts and more.
/// </summary>
/// <param name="role">The role of this process, as a word.</param>
internal sealed class HeartbeatSender(string role, HeartbeatCounters counters, IConnectionMultiplexer redis, TimeProvider clock)
    : PeriodicService(clock)
{
    private readonly string _instance = $"{ProcessName.Unique}-{Guid.NewGuid().ToString("N")[..6]}";
    private readonly long _startedAt = Stopwatch.GetTimestamp();

    protected override TimeSpan Interval => Heartbeat.Interval;
    protected override bool StartsAtOnce => true;

    protected override Task RunRoundAsync(CancellationToken stoppingToken)
    {
        var uptime = (long)Stopwatch.GetElapsedTime(_startedAt).TotalMilliseconds;
        return new Heartbeat(
            _instance, role, uptime, counters.InFlight, counters.Answers(), counters.GateRefusals, counters.Latency())
            .SendAsync(redis);
    }
}
