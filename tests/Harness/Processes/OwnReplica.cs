using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.Shared.Connections;
using StackExchange.Redis;

namespace Seckill.Tests.Harness.Processes;

/// <summary>A replica of the Redis of <see cref="OwnStores"/>: to be cut off, so that it is behind, and promoted.</summary>
internal sealed class OwnReplica : IAsyncDisposable
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("seckill-replica-");
    private readonly Process _process;
    private readonly IConnectionMultiplexer _connection;

    private OwnReplica(int primary)
    {
        _process = Process.Start(new ProcessStartInfo(
            "redis-server",
            [
                "--port", Text(Port), "--bind", "127.0.0.1", "--dir", _files.FullName, "--save", "", "--appendonly", "yes",
                "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--logfile", "redis.log",
                "--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1", Text(primary),
            ]))!;
        _connection = RedisClient.Connect(RedisClient.Options(Address), NullLogger.Instance);
    }

    public int Port { get; } = FreePort.Find();

    public string Address => "127.0.0.1:" + Text(Port);

    /// <summary>Starts it; ends when it follows the primary.</summary>
    public static async Task<OwnReplica> StartAsync(int primary)
    {
        var replica = new OwnReplica(primary);
        await replica.FollowsAsync(primary);
        return replica;
    }

    /// <summary>From now on it misses what the primary does, and keeps what it has.</summary>
    public Task CutOffAsync() => ReplicateAsync("127.0.0.1", "1");

    /// <summary>Follows a primary again; ends when it does.</summary>
    public async Task FollowsAsync(int primary)
    {
        await Eventually.IsTrueAsync("the replica answers", () => _connection.GetServers()[0].IsConnected);
        await ReplicateAsync("127.0.0.1", Text(primary));
        await Eventually.IsTrueAsync("the replica follows", async () =>
            (await _connection.GetServers()[0].InfoRawAsync("replication"))!.Contains("master_link_status:up", StringComparison.Ordinal));
    }

    /// <summary>Makes it a primary.</summary>
    public Task PromoteAsync() => ReplicateAsync("no", "one");

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _files.Delete(recursive: true);
    }

    private async Task ReplicateAsync(string host, string port) => await _connection.GetServers()[0].ExecuteAsync("REPLICAOF", host, port);

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
