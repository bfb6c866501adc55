namespace Seckill.Tests.Harness.Processes;

/// <summary>Three nodes of RabbitMQ that are one cluster, of one scenario alone.</summary>
internal sealed class OwnRabbitMqCluster : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("seckill-rabbitmq-cluster-");

    private OwnRabbitMqCluster()
    {
        var cookie = Path.Combine(_home.FullName, ".erlang.cookie");
        File.WriteAllText(cookie, Guid.NewGuid().ToString("N"));
        File.SetUnixFileMode(cookie, UnixFileMode.UserRead);
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
        var cluster = new OwnRabbitMqCluster();
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
