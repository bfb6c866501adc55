using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Seckill.Shared.Connections;

/// <summary>How a process connects to Redis: once, for all of its life. The client connects again by itself.</summary>
public static partial class RedisClient
{
    /// <summary>How long a call may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    // Seconds, not the client's minutes: each server is asked for its role each second, which shows a silent one as well, and the
    // connection of subscriptions, which is asked nothing, is written to each other second.
    private const string Defaults = "connectTimeout=1000,keepAlive=2,configCheckSeconds=1,asyncTimeout=2000,";

    /// <summary>A connection string in the format of StackExchange.Redis, with our defaults for what it leaves out.</summary>
    public static ConfigurationOptions Options(string connectionString)
    {
        // The last value of a setting counts.
        var options = ConfigurationOptions.Parse(Defaults + connectionString);
        // A process starts without Redis, and serves what does not need it.
        options.AbortOnConnectFail = false;
        // A shorter timeout would break the promise that a call which its caller gave up can still change nothing: rehold.lua.
        options.AsyncTimeout = Math.Max(options.AsyncTimeout, (int)Timeout.TotalMilliseconds);
        // The client looks for overdue calls at each heartbeat, so this is how much longer than its timeout a call may take.
        options.HeartbeatInterval = TimeSpan.FromMilliseconds(250);
        options.ReconnectRetryPolicy = new LinearRetry(500);
        // Without a connection a call fails at once, and its caller knows that nothing was sent. A backlog would keep buyers waiting
        // for the timeout, and send what they clicked into a server that has just come back: late calls, made on purpose.
        options.BacklogPolicy = BacklogPolicy.FailFast;
        // For CONFIG GET alone, which the client counts among what administrators do.
        options.AllowAdmin = true;
        return options;
    }

    /// <summary>Connects, or returns without Redis, and without its Sentinels, and connects when they come.</summary>
    public static IConnectionMultiplexer Connect(ConfigurationOptions options, ILogger logger)
    {
        var redis = ConnectionMultiplexer.Connect(options);
        redis.ConnectionFailed += (_, failure) =>
        {
            if (failure.ConnectionType == ConnectionType.Interactive)
            {
                LogLost(logger, failure.EndPoint?.ToString(), failure.FailureType, failure.Exception?.Message);
            }
        };
        redis.ConnectionRestored += (_, connection) =>
        {
            if (connection.ConnectionType == ConnectionType.Interactive)
            {
                LogRestored(logger, connection.EndPoint?.ToString());
            }
        };
        if (!redis.IsConnected)
        {
            LogAbsent(logger);
        }

        return redis;
    }

    [LoggerMessage(120, LogLevel.Warning, "Lost the connection to Redis at {Endpoint} ({Kind}): {Reason}")]
    private static partial void LogLost(ILogger logger, string? endpoint, ConnectionFailureType kind, string? reason);

    [LoggerMessage(121, LogLevel.Warning, "Redis does not answer yet; connecting goes on in the background.")]
    private static partial void LogAbsent(ILogger logger);

    [LoggerMessage(122, LogLevel.Information, "Connected to Redis at {Endpoint} again.")]
    private static partial void LogRestored(ILogger logger, string? endpoint);
}
