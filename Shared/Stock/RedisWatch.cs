using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Seckill.Shared.Stock;

/// <summary>Asks Redis for a sign of life all the time, and has a connection replaced that gives none while a new one would.</summary>
public sealed partial class RedisWatch(RedisConnection redis, TimeProvider clock, ILogger<RedisWatch> logger) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var timer = new PeriodicTimer(s_interval, clock);
        var heardAt = Stopwatch.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (await AnswersAsync())
                {
                    heardAt = Stopwatch.GetTimestamp();
                }
                else if (Stopwatch.GetElapsedTime(heardAt) > s_longestSilence && await redis.TryReplaceAsync(s_interval))
                {
                    LogReplaced(Stopwatch.GetElapsedTime(heardAt).TotalSeconds);
                    heardAt = Stopwatch.GetTimestamp();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops.
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await redis.Database.PingAsync().WaitAsync(s_interval);
            return true;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return false;
        }
    }

    [LoggerMessage(120, LogLevel.Warning, "The connection to Redis was silent for {Seconds:0.0} s and has been replaced.")]
    private partial void LogReplaced(double seconds);
}
