using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Seckill.Shared.Connections;

/// <summary>
/// Compares the settings of Redis with what the promises rest on, as soon as it answers and then once a minute, for a failover may lead
/// to another. Weaker settings are logged with the promise that is lost, once; with <c>Redis:RefuseWeakDurability</c> = true they stop
/// the process.
/// </summary>
public sealed partial class DurabilityCheck(
    IConnectionMultiplexer redis, IConfiguration configuration, IHostApplicationLifetime lifetime, TimeProvider clock,
    ILogger<DurabilityCheck> logger)
    : BackgroundService
{
    private static readonly TimeSpan s_pauseBetweenTries = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    private static readonly (string Setting, string Needed, string Lost)[] s_needed =
    [
        ("appendonly", "yes", "no order lost: a restart of Redis forgets accepted orders"),
        ("appendfsync", "always", "no order lost: a crash of the machine forgets the orders of the last second"),
        ("maxmemory-policy", "noeviction", "no order lost and no oversell: a full Redis throws away holds and stock"),
    ];

    /// <summary>What is weaker than needed at any primary: setting, value, and the promise that is lost.</summary>
    /// <exception cref="RedisServerException">It does not show its settings; managed servers may not.</exception>
    /// <exception cref="RedisCommandException">The connection string takes CONFIG away.</exception>
    /// <exception cref="RedisException">No primary is connected.</exception>
    public static async Task<IReadOnlyList<(string Setting, string Value, string Lost)>> FindWeakSettingsAsync(
        IConnectionMultiplexer redis)
    {
        var primaries = redis.GetServers().Where(server => server is { IsConnected: true, IsReplica: false }).ToList();
        if (primaries.Count == 0)
        {
            throw new RedisException("No primary is connected.");
        }

        var weak = new HashSet<(string, string, string)>();
        foreach (var primary in primaries)
        {
            foreach (var (setting, needed, lost) in s_needed)
            {
                if (await primary.ConfigGetAsync(setting) is [(_, var value)] && value != needed)
                {
                    weak.Add((setting, value, lost));
                }
            }
        }

        return [.. weak];
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        IReadOnlyList<(string Setting, string Value, string Lost)> told = [];
        var isHidden = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = s_interval;
            try
            {
                var weak = await FindWeakSettingsAsync(redis);
                Report([.. weak.Except(told)]);
                told = weak;
            }
            catch (Exception exception) when (exception is RedisServerException or RedisCommandException)
            {
                if (!isHidden)
                {
                    LogHidden(exception.Message);
                }

                isHidden = true;
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                pause = s_pauseBetweenTries;
            }

            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Report(IReadOnlyList<(string Setting, string Value, string Lost)> weak)
    {
        foreach (var (setting, value, lost) in weak)
        {
            LogWeak(setting, value, lost);
        }

        if (weak.Count > 0 && configuration.GetValue<bool>("Redis:RefuseWeakDurability"))
        {
            LogRefused();
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    [LoggerMessage(110, LogLevel.Warning, "Redis has {Setting} = {Value}. The promise that is lost: {Lost}.")]
    private partial void LogWeak(string setting, string value, string lost);

    [LoggerMessage(111, LogLevel.Critical, "Stopping, because Redis:RefuseWeakDurability is set.")]
    private partial void LogRefused();

    [LoggerMessage(112, LogLevel.Information, "Redis does not show its settings, so its durability is not checked: {Reason}")]
    private partial void LogHidden(string reason);
}
