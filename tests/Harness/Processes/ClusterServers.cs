using System.Globalization;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// Several nodes of each server, for one class of tests alone: a cluster of Redis with three primaries and their replicas, three nodes of
/// RabbitMQ, and PostgreSQL with a synchronous standby. Started as <c>./seckill up --cluster</c> starts them.
/// </summary>
public sealed class ClusterServers : IAsyncLifetime
{
    private const string Instance = "test-cluster";
    private IReadOnlyDictionary<string, string> _lines = new Dictionary<string, string>();

    /// <summary>For the environment of a process; an order is promised when a replica has it.</summary>
    internal (string, string?)[] Settings =>
    [
        .. new[] { Servers.RedisSetting, Servers.RabbitMqSetting, Servers.OrdersSetting, Servers.LegacySetting }
            .Select(setting => (setting, (string?)_lines[setting])),
        ("Redis__Replicas", "1"),
    ];

    /// <summary>For the tests themselves.</summary>
    internal StoreConnections Connections { get; private set; } = null!;

    /// <summary>The port of a node of Redis, by its number.</summary>
    internal int RedisPort(string node) => int.Parse(
        _lines[Servers.RedisSetting].Split(',')[int.Parse(node.AsSpan("redis-".Length), CultureInfo.InvariantCulture) - 1].Split(':')[1],
        CultureInfo.InvariantCulture);

    public async ValueTask InitializeAsync()
    {
        _lines = await ServersToKill.StartAsync(Instance, "cluster");
        Connections = new StoreConnections(_lines[Servers.RedisSetting], _lines[Servers.OrdersSetting]);
    }

    public async ValueTask DisposeAsync()
    {
        await (Connections?.DisposeAsync() ?? default);
        await ServersToKill.RunAsync(Instance, "wipe");
    }

    /// <summary>kill -9; another node takes over, and the killed one comes back as its replica.</summary>
    /// <param name="node">redis-1 to -6, rabbitmq-1 to -3, postgres-1 and -2, postgres-legacy-1 and -2.</param>
    internal static Task FailAsync(string node) => ServersToKill.RunAsync(Instance, "fail", node);
}
