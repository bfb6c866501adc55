using System.Collections.Concurrent;
using StackExchange.Redis;

namespace Seckill.Shared.Stock;

/// <summary>
/// The connection to Redis, and a new one in place of it when its other end has gone silent. The client library replaces a
/// connection that was reset or ended; one whose packets just vanish (a lost route, a failover behind an address) it keeps for as
/// long as the system's TCP does, a quarter of an hour.
/// </summary>
public sealed class RedisConnection : IDisposable
{
    private readonly Func<IConnectionMultiplexer>? _connect;
    private readonly ConcurrentQueue<(RedisChannel Channel, Action<RedisChannel, RedisValue> Handler)> _subscriptions = new();
    private volatile IConnectionMultiplexer _current;

    /// <summary>Connects, and can do so again.</summary>
    /// <param name="connect">Makes a connection; it need not be established yet.</param>
    public RedisConnection(Func<IConnectionMultiplexer> connect)
    {
        _connect = connect;
        _current = connect();
    }

    /// <summary>A connection that is never replaced.</summary>
    public RedisConnection(IConnectionMultiplexer connection) => _current = connection;

    /// <summary>Commands. Ask for it again with each use.</summary>
    public IDatabase Database => _current.GetDatabase();

    /// <summary>Calls back for each message of a channel, on this connection and on those that come after it.</summary>
    public void Subscribe(RedisChannel channel, Action<RedisChannel, RedisValue> handler)
    {
        _subscriptions.Enqueue((channel, handler));
        _ = _current.GetSubscriber().SubscribeAsync(channel, handler);
    }

    /// <summary>Takes a new connection if Redis answers on it within <paramref name="patience"/>. Calls under way on the old one fail.</summary>
    /// <returns>False when Redis does not answer there either.</returns>
    public async Task<bool> TryReplaceAsync(TimeSpan patience)
    {
        if (_connect is null)
        {
            return false;
        }

        // Connecting blocks for a moment.
        var fresh = await Task.Run(_connect);
        try
        {
            await fresh.GetDatabase().PingAsync().WaitAsync(patience);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            fresh.Dispose();
            return false;
        }

        foreach (var (channel, handler) in _subscriptions)
        {
            _ = fresh.GetSubscriber().SubscribeAsync(channel, handler);
        }

        var silent = _current;
        _current = fresh;
        _ = Task.Run(() => silent.Close(allowCommandsToComplete: false));
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _current.Dispose();
}
