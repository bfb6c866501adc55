using System.Diagnostics;
using Seckill.Shared.Telemetry;
using StackExchange.Redis;

namespace Seckill.OrderService.Operations;

/// <summary>Tells the dashboard once a second that this process lives, and what it has answered.</summary>
internal sealed class PulseSender(PulseCounters counters, IConnectionMultiplexer redis, RoleName role, TimeProvider clock)
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
            // The process stops, and its silence says so.
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
            // Redis is away: others say so louder, and the next pulse has the same counts and more.
        }
    }
}

/// <summary>The role of this process, as a word.</summary>
internal sealed record RoleName(string Name);
