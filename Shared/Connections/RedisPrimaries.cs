using System.Net;

namespace Seckill.Shared.Connections;

/// <summary>
/// The servers of Redis that take writes: one, or the masters of a cluster. A check asks each of them: what one of them says is true for
/// its items alone.
/// </summary>
internal static class RedisPrimaries
{
    /// <summary>
    /// They may be down. In a cluster, those that have slots by what its nodes say of each other; else those that are connected, because a
    /// primary that died before a failover is still in the list.
    /// </summary>
    /// <exception cref="RedisException">None is known.</exception>
    public static IReadOnlyList<IServer> Find(IConnectionMultiplexer redis)
    {
        var servers = redis.GetServers();
        var connected = servers.Where(server => server is { IsConnected: true, IsReplica: false }).ToList();
        var nodes = connected.Select(server => server.ClusterConfiguration?.Nodes).FirstOrDefault(nodes => nodes is not null) ?? [];
        var known = nodes.Where(node => node is { IsReplica: false, Slots.Count: > 0 }).Select(node => node.EndPoint).ToHashSet();
        if (known.Count > 0)
        {
            // Roles are asked every second, and the list of nodes when connections change: it may not know of a failover yet.
            var replicas = nodes.Where(node => node.IsReplica).Select(node => node.EndPoint).ToHashSet();
            connected.RemoveAll(server => !known.Contains(server.EndPoint) && !replicas.Contains(server.EndPoint));
            if (connected.Count < known.Count)
            {
                connected.AddRange(servers.Where(server => !server.IsConnected && known.Contains(server.EndPoint)));
            }
        }

        return connected.Count > 0 ? connected : throw new RedisException("No primary is connected.");
    }

    /// <summary>Asks each of them, at once.</summary>
    /// <exception cref="RedisException">None is known, or one of them does not answer.</exception>
    /// <exception cref="TimeoutException">One of them does not answer.</exception>
    public static async Task<(string Name, T Answer)[]> AskAsync<T>(IConnectionMultiplexer redis, Func<IServer, Task<T>> ask) =>
        await Task.WhenAll(Find(redis).Select(async primary => (NameOf(primary), await ask(primary))));

    /// <summary>The one that has a key, or would have it.</summary>
    /// <exception cref="RedisException">It is not connected.</exception>
    public static IServer Owner(IConnectionMultiplexer redis, RedisKey key)
    {
        try
        {
            return redis.GetServer(key, flags: CommandFlags.DemandMaster);
        }
        catch (InvalidOperationException exception)
        {
            throw new RedisException("The primary of this key is not connected.", exception);
        }
    }

    /// <summary>Host and port.</summary>
    public static string NameOf(IServer server) => server.EndPoint switch
    {
        DnsEndPoint named => string.Create(CultureInfo.InvariantCulture, $"{named.Host}:{named.Port}"),
        var address => address.ToString() ?? "",
    };
}
