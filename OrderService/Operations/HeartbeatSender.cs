using System.Diagnostics;
using Seckill.Shared.Hosting;
using Seckill.Shared.Telemetry;
using StackExchange.Redis;

namespace Seckill.OrderService.Operations;

/// <summary>Reports to the dashboard once a second that this process lives, and what it has answered.</summary>
internal sealed class HeartbeatSender(HeartbeatCounters counters, IConnectionMultiplexer redis, RoleName role, TimeProvider clock)
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
            _instance, role.Name, uptime, counters.InFlight, counters.Answers(), counters.GateRefusals, counters.Latency())
            .SendAsync(redis);
    }

    protected override void OnOutage(Exception exception)
    {
        // Redis is down, which other log lines and readiness report. The next heartbeat has the same counts and more.
    }
}

/// <summary>The role of this process, as a word.</summary>
internal sealed record RoleName(string Name);
