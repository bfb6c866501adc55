using System.Diagnostics;
using Seckill.Shared.Telemetry;
using StackExchange.Redis;

namespace Seckill.OrderService.Operations;

/// <summary>Sends a heartbeat to the dashboard once a second, with what this process has answered.</summary>
internal sealed class HeartbeatSender(HeartbeatCounters counters, IConnectionMultiplexer redis, RoleName role, TimeProvider clock)
    : BackgroundService
{
    private readonly string _instance = $"{ProcessName.Unique}-{Guid.NewGuid().ToString("N")[..6]}";
    private readonly long _startedAt = Stopwatch.GetTimestamp();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pulse.Interval, clock);
        try
        {
            do
            {
                await SendAsync();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; the dashboard notices that heartbeats end.
        }
    }

    private async Task SendAsync()
    {
        try
        {
            var uptime = (long)Stopwatch.GetElapsedTime(_startedAt).TotalMilliseconds;
            await new Pulse(
                _instance, role.Name, uptime, counters.InFlight, counters.Answers(), counters.GateRefusals, counters.Latency())
                .SendAsync(redis);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // Redis is down, which readiness reports; the counts are totals, so the next heartbeat includes these.
        }
    }
}

/// <summary>The role of this process, as text.</summary>
internal sealed record RoleName(string Name);
