namespace Seckill.Tests.Harness.Processes;

/// <summary>Three nodes of RabbitMQ that are one cluster, of one scenario alone.</summary>
internal sealed class OwnRabbitMqCluster : IAsyncDisposable
{
    private readonly DirectoryInfo _home;

    private OwnRabbitMqCluster(DirectoryInfo home)
    {
        _home = home;
        int[] ports = [FreePort.Find(), FreePort.Find(), FreePort.Find()];
        var epmd = FreePort.Find();
        Nodes = [.. ports.Select(port => OwnRabbitMq.StartNode(new OwnRabbitMq.Mates(_home.FullName, epmd, ports, port)))];
    }

    public IReadOnlyList<OwnRabbitMq> Nodes { get; }

    /// <summary>For the environment of a service: all nodes.</summary>
    public (string, string?) Setting =>
        (Servers.RabbitMqSetting, $"amqp://guest:guest@{string.Join(',', Nodes.Select(node => node.Host))}/");

    /// <summary>Starts it; ends when all nodes run.</summary>
    public static async Task<OwnRabbitMqCluster> StartAsync()
    {
        OwnRabbitMq.SkipWithoutPrograms();
        var home = Directory.CreateTempSubdirectory("seckill-rabbitmq-cluster-");
        var cookie = Path.Combine(home.FullName, ".erlang.cookie");
        await File.WriteAllTextAsync(cookie, Guid.NewGuid().ToString("N"));
        await OwnRedis.RunAsync("chmod", "400", cookie);
        var cluster = new OwnRabbitMqCluster(home);
        await cluster.Nodes[0].AnswersAsync();
        await cluster.Nodes[0].RunsWithAsync(cluster.Nodes.Count);
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        // The first one has the epmd.
        foreach (var node in Nodes.Reverse())
        {
            await node.DisposeAsync();
        }

        _home.Delete(recursive: true);
    }
}
