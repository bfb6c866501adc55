namespace Seckill.Shared.Connections;

/// <summary>
/// Runs scripts whose effect must survive the loss of the primary: they count as done when enough replicas have them (<c>WAIT</c>).
/// docs/decisions/0038 has the reasons.
/// </summary>
/// <remarks>
/// WAIT is about the writes of its own connection, and blocks it. So it is sent directly behind the script, and such calls have a few
/// connections of their own, by item: all other calls, and most other items, are not held up. The script is sent as text, and to one
/// server without redirection: if the server did not know its hash, or a cluster had moved the item, the client would send it again behind
/// the WAIT.
/// </remarks>
public sealed class ReplicatedRedis : IDisposable
{
    private const int Connections = 4;

    /// <summary>How long replicas may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private readonly Lazy<IConnectionMultiplexer>[] _connections;
    private readonly int _replicas;

    /// <param name="connect">Opens a connection.</param>
    /// <param name="replicas">How many must have it, at least 1.</param>
    public ReplicatedRedis(Func<IConnectionMultiplexer> connect, int replicas)
    {
        _connections = [.. Enumerable.Range(0, Connections).Select(_ => new Lazy<IConnectionMultiplexer>(connect))];
        _replicas = replicas;
    }

    /// <summary>Connects, so that no buyer waits for it.</summary>
    public void Connect()
    {
        foreach (var connection in _connections)
        {
            _ = connection.Value;
        }
    }

    /// <summary>Runs a script.</summary>
    /// <exception cref="TimeoutException">The script has run, and too few replicas have its effect, or none is known to.</exception>
    /// <exception cref="RedisException">The script failed.</exception>
    public async Task<RedisResult> EvaluateAsync(string script, RedisKey[] keys, RedisValue[] arguments)
    {
        var connection = _connections[(uint)keys[0].GetHashCode() % Connections].Value;
        var primary = RedisPrimaries.Owner(connection, keys[0]);
        object[] call = [script, keys.Length, .. keys.Cast<object>(), .. arguments.Cast<object>()];
        var reply = primary.ExecuteAsync("EVAL", call, CommandFlags.NoRedirect);
        var wait = primary.ExecuteAsync("WAIT", [_replicas, (int)Timeout.TotalMilliseconds], CommandFlags.NoRedirect);
        await ((Task)wait).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var result = await reply;
        var replicated = wait.IsCompletedSuccessfully ? (int)await wait : 0;
        return replicated >= _replicas
            ? result
            : throw new TimeoutException(string.Create(
                CultureInfo.InvariantCulture, $"{replicated} replicas of Redis have it within {Timeout.TotalSeconds} s, of {_replicas}."));
    }

    public void Dispose()
    {
        foreach (var connection in _connections.Where(connection => connection.IsValueCreated))
        {
            connection.Value.Dispose();
        }
    }
}
