using StackExchange.Redis;

namespace Seckill.Tests.Harness.Processes;

/// <summary>Redis of one scenario alone that goes on without one of its servers: a cluster, or a primary that Sentinels watch.</summary>
internal sealed class OwnRedisGroup : IAsyncDisposable
{
    // The port of the cluster's own protocol is higher by 10,000.
    private const int LastClusterPort = 21_900;
    private static readonly string[] s_durable =
    [
        "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
        "--repl-diskless-sync-delay", "0",
    ];

    private readonly List<OwnRedis> _servers;
    private readonly OwnRedis? _sentinel;

    private OwnRedisGroup(List<OwnRedis> servers, OwnRedis? sentinel)
    {
        (_servers, _sentinel) = (servers, sentinel);
        ConnectionString = sentinel is null
            ? string.Join(',', servers.Take(2).Select(server => server.Address))
            : $"{sentinel.Address},serviceName={OwnRedis.SentinelService}";
    }

    /// <summary>Two of the servers, or the Sentinel.</summary>
    public string ConnectionString { get; }

    /// <summary>Those that were started as masters, or as the primary.</summary>
    public IReadOnlyList<OwnRedis> Primaries => _sentinel is null ? [.. _servers.Take(_servers.Count / 2)] : [_servers[0]];

    /// <summary>A cluster, with one replica for each master.</summary>
    public static async Task<OwnRedisGroup> StartClusterAsync(int masters = 3)
    {
        string[] arguments = [.. s_durable, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
        var servers = new List<OwnRedis>();
        while (servers.Count < 2 * masters)
        {
            servers.Add(await OwnRedis.StartAsync(FreePort.Find(LastClusterPort), _ => arguments));
        }

        await OwnRedis.RunAsync(
            "redis-cli",
            ["--cluster", "create", .. servers.Select(server => server.Address), "--cluster-replicas", "1", "--cluster-yes"]);
        foreach (var server in servers)
        {
            await server.SaysAsync("the cluster is complete", "cluster info", "cluster_state:ok");
        }

        foreach (var server in servers.Skip(masters))
        {
            await server.SaysAsync("the replica follows", "info replication", "master_link_status:up");
        }

        return new OwnRedisGroup(servers, null);
    }

    /// <summary>A primary with one replica, and a Sentinel. Alone, neither takes writes.</summary>
    public static async Task<OwnRedisGroup> StartWithSentinelAsync()
    {
        // A primary that comes back is one until the Sentinel has demoted it, and would answer from what it had.
        string[] arguments = [.. s_durable, "--min-replicas-to-write", "1", "--min-replicas-max-lag", "2"];
        var primary = await OwnRedis.StartAsync(arguments);
        var replica = await OwnRedis.StartAsync([.. arguments, "--replicaof", $"127.0.0.1 {primary.Port}"]);
        var sentinel = await OwnRedis.StartSentinelAsync(FreePort.Find(), primary.Port);
        await sentinel.KnowsReplicasAsync(1);
        return new OwnRedisGroup([primary, replica], sentinel);
    }

    /// <summary>The server that has a key.</summary>
    public async Task<OwnRedis> OwnerAsync(RedisKey key)
    {
        await using var redis = OwnRedis.Connect(ConnectionString);
        var owner = redis.GetServer(key, flags: CommandFlags.DemandMaster).EndPoint.ToString();
        return At(owner!);
    }

    /// <summary>The server with this address.</summary>
    public OwnRedis At(string address) => _servers.Single(server => server.Address == address);

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        await (_sentinel?.DisposeAsync() ?? default);
    }
}
