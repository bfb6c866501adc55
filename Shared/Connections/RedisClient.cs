namespace Seckill.Shared.Connections;

/// <summary>How a process connects to Redis: once in its life. The client reconnects automatically.</summary>
public static partial class RedisClient
{
    /// <summary>How long a call may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    // Seconds, not the client's minutes: the client asks each server for its role every second, which also detects a silent one, and
    // writes to the subscription connection, which gets no commands, every other second. It has a key and a channel of its own by which
    // clients agree on a primary; the roles of the servers say that here, and a user with few rights may use neither.
    private const string Defaults =
        "connectTimeout=1000,keepAlive=2,configCheckSeconds=1,asyncTimeout=2000,tiebreaker=,configChannel=,";

    /// <summary>A connection string in the format of StackExchange.Redis, with defaults for what it leaves out.</summary>
    public static ConfigurationOptions Options(string connectionString)
    {
        // The last value of a setting counts.
        var options = ConfigurationOptions.Parse(Defaults + connectionString);
        // A process starts without Redis and serves what needs no stock.
        options.AbortOnConnectFail = false;
        // A shorter timeout would let a call take effect after its caller gave up on it: see rehold.lua.
        options.AsyncTimeout = Math.Max(options.AsyncTimeout, (int)Timeout.TotalMilliseconds);
        // The client looks for overdue calls at each heartbeat, so a call may exceed its timeout by this much.
        options.HeartbeatInterval = TimeSpan.FromMilliseconds(250);
        options.ReconnectRetryPolicy = new LinearRetry(500);
        // Without a connection a call fails at once, and its caller knows that nothing was sent. A backlog would keep buyers waiting
        // until the timeout and then send expired calls to a server that has just come back.
        options.BacklogPolicy = BacklogPolicy.FailFast;
        // Only for CONFIG GET, which the client treats as an admin command.
        options.AllowAdmin = true;
        return options;
    }

    /// <summary>Connects. Without Redis or its Sentinels it returns as well, and connects in the background when they answer.</summary>
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

    /// <summary>What the clock of the primary with this key says, to the microsecond.</summary>
    public static Task<DateTimeOffset> TimeAsync(IConnectionMultiplexer redis, RedisKey key) => TimeAsync(RedisPrimaries.Owner(redis, key));

    /// <summary>What the clock of this server says, to the microsecond.</summary>
    public static async Task<DateTimeOffset> TimeAsync(IServer server)
    {
        var time = ((RedisResult[]?)await server.ExecuteAsync("TIME"))!;
        return DateTimeOffset.FromUnixTimeSeconds((long)time[0]).AddMicroseconds((long)time[1]);
    }

    [LoggerMessage(120, LogLevel.Warning, "Lost the connection to Redis at {Endpoint} ({Kind}): {Reason}")]
    private static partial void LogLost(ILogger logger, string? endpoint, ConnectionFailureType kind, string? reason);
    [LoggerMessage(121, LogLevel.Warning, "Redis does not answer yet; reconnecting in the background.")]
    private static partial void LogAbsent(ILogger logger);
    [LoggerMessage(122, LogLevel.Information, "Connected to Redis at {Endpoint} again.")]
    private static partial void LogRestored(ILogger logger, string? endpoint);
}
