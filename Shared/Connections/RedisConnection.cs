using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Seckill.Shared.Connections;

/// <summary>
/// The process's connection to Redis. The client library connects again by itself after most losses; where it does not (a
/// handshake that stalled, a peer that vanished without a word), this replaces the connection after a few unanswered pings.
/// </summary>
public sealed partial class RedisConnection : BackgroundService
{
    private const int UnansweredPingsBeforeReplacement = 4;
    private readonly ConfigurationOptions? _options;
    private readonly ILogger<RedisConnection> _logger;
    private readonly List<(RedisChannel Channel, Action<RedisChannel, RedisValue> Handler)> _subscriptions = [];
    private volatile IConnectionMultiplexer _current;

    /// <summary>Connects, or starts without Redis and goes on trying.</summary>
    public RedisConnection(ConfigurationOptions options, ILogger<RedisConnection> logger)
    {
        _options = options;
        _logger = logger;
        _current = ConnectionMultiplexer.Connect(options);
    }

    /// <summary>Stands for a connection that somebody else looks after.</summary>
    public RedisConnection(IConnectionMultiplexer connection)
    {
        _current = connection;
        _logger = NullLogger<RedisConnection>.Instance;
    }

    /// <summary>Between two pings.</summary>
    internal TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>For the answer to one of them.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where commands go. Ask anew for each command.</summary>
    public IDatabase Database => _current.GetDatabase();

    /// <summary>Subscribes now and on every later connection.</summary>
    public void Subscribe(RedisChannel channel, Action<RedisChannel, RedisValue> handler)
    {
        lock (_subscriptions)
        {
            _subscriptions.Add((channel, handler));
            _ = _current.GetSubscriber().SubscribeAsync(channel, handler);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_options is not null)
        {
            _current.Dispose();
        }

        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var unanswered = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            unanswered = await AnswersAsync() ? 0 : unanswered + 1;
            if (unanswered >= UnansweredPingsBeforeReplacement && !stoppingToken.IsCancellationRequested)
            {
                await ReplaceAsync();
                unanswered = 0;
            }
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await Database.PingAsync().WaitAsync(Patience);
            return true;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or ObjectDisposedException)
        {
            return false;
        }
    }

    private async Task ReplaceAsync()
    {
        var connecting = ConnectionMultiplexer.ConnectAsync(_options!);
        try
        {
            var fresh = await connecting.WaitAsync(2 * Patience);
            var old = _current;
            lock (_subscriptions)
            {
                _current = fresh;
                foreach (var (channel, handler) in _subscriptions)
                {
                    _ = fresh.GetSubscriber().SubscribeAsync(channel, handler);
                }
            }

            LogReplaced();
            // Ends the calls that still wait for an answer on it; whoever has just asked for it may still use it.
            _ = Task.Delay(Patience).ContinueWith(_ => old.Dispose(), TaskScheduler.Default);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // The library goes on trying, with sockets, a timer and a thread; the next round has a connection of its own.
            _ = connecting.ContinueWith(
                late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
            LogStillAway(exception.Message);
        }
    }

    [LoggerMessage(120, LogLevel.Warning, "Redis had not answered for seconds; its connection was replaced.")]
    private partial void LogReplaced();

    [LoggerMessage(121, LogLevel.Warning, "Redis cannot be reached: {Reason}")]
    private partial void LogStillAway(string reason);
}
