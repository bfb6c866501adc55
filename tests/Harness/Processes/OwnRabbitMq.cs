using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Connections;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// A RabbitMQ of one scenario alone, from Debian's package, that waits for acknowledgements only briefly. Or a node of a cluster:
/// see <see cref="OwnRabbitMqCluster"/>.
/// </summary>
internal sealed class OwnRabbitMq : IAsyncDisposable
{
    private const string Programs = "/usr/lib/rabbitmq/bin/";
    // Of /proc/net/tcp.
    private const string Established = "01";
    private const string Program = Programs + "rabbitmq-server";
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("seckill-rabbitmq-");
    private readonly ConcurrentQueue<string> _log = new();
    private readonly int _port;
    private readonly Process? _epmd;
    private readonly Process _server;
    private readonly (string, string)[] _environment;
    private readonly bool _isEncrypted;

    private OwnRabbitMq(int consumerTimeoutSeconds, string? definitions, (string Certificate, string Key)? own, Mates? mates = null)
    {
        _port = mates?.Own ?? FreePort.Find();
        _isEncrypted = own is not null;
        string Own(string name) => Path.Combine(_files.FullName, name);
        string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(Own("enabled_plugins"), "[].");
        // The broker looks at the age of deliveries once a minute; here once a second.
        File.WriteAllText(Own("advanced.config"), "[{rabbit, [{channel_tick_interval, 1000}]}].");
        File.WriteAllLines(Own("rabbitmq.conf"),
        [
            own is null ? $"listeners.tcp.1 = 127.0.0.1:{Text(_port)}" : $"listeners.ssl.1 = 127.0.0.1:{Text(_port)}",
            .. own is { } tls
                ? (string[])[
                    "listeners.tcp = none", $"ssl_options.certfile = {tls.Certificate}", $"ssl_options.keyfile = {tls.Key}",
                    "ssl_options.verify = verify_none", "ssl_options.fail_if_no_peer_cert = false"]
                : [],
            $"consumer_timeout = {Text(consumerTimeoutSeconds * 1000)}",
            "log.console = true", "log.console.level = warning", "log.file = false", "disk_free_limit.absolute = 100MB",
            definitions is null ? "" : $"load_definitions = {Own("definitions.json")}",
            .. mates is null ? (string[])[] : ["cluster_formation.peer_discovery_backend = classic_config"],
            .. mates?.All.Select((port, i) =>
                $"cluster_formation.classic_config.nodes.{Text(i + 1)} = own{Text(port)}@localhost") ?? [],
        ]);
        File.WriteAllText(Own("definitions.json"), definitions);
        // All Erlang nodes of a machine share one epmd; a private one avoids that.
        var epmdPort = Text(mates?.EpmdPort ?? FreePort.Find());
        _epmd = mates is { IsFirst: false } ? null : Start("epmd", ["-port", epmdPort], ("ERL_EPMD_ADDRESS", "127.0.0.1"));
        _environment =
        [
            ("HOME", mates?.Home ?? _files.FullName), ("RUNNING_UNDER_SYSTEMD", "true"),
            ("ERL_EPMD_ADDRESS", "127.0.0.1"), ("ERL_EPMD_PORT", epmdPort),
            ("RABBITMQ_NODENAME", $"own{Text(_port)}@localhost"), ("RABBITMQ_DIST_PORT", Text(FreePort.Find())),
            ("RABBITMQ_CONFIG_FILE", Own("rabbitmq.conf")), ("RABBITMQ_ADVANCED_CONFIG_FILE", Own("advanced.config")),
            ("RABBITMQ_CONF_ENV_FILE", Own("no-env.conf")), ("RABBITMQ_ENABLED_PLUGINS_FILE", Own("enabled_plugins")),
            ("RABBITMQ_MNESIA_BASE", Own("mnesia")), ("RABBITMQ_LOG_BASE", Own("log")), ("RABBITMQ_SCHEMA_DIR", Own("schema")),
            ("RABBITMQ_GENERATED_CONFIG_DIR", Own("generated")),
        ];
        _server = Start(Program, [],
            [.. _environment, ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}")]);
    }

    /// <summary>For the environment of a service.</summary>
    public (string, string?) Setting => (Servers.RabbitMqSetting, Address.AbsoluteUri);

    /// <summary>Warnings and errors so far.</summary>
    public string Log => string.Join('\n', _log);

    private Uri Address => AddressOf("guest", "guest");

    /// <summary>Starts it.</summary>
    /// <param name="consumerTimeoutSeconds">How long a consumer may keep a message before the broker closes its channel.</param>
    /// <param name="definitions">Its users, with their rights; without it there is the user guest, who may do everything.</param>
    /// <param name="own">Its certificate and the key of it, PEM: then it speaks TLS and nothing else.</param>
    public static async Task<OwnRabbitMq> StartAsync(
        int consumerTimeoutSeconds, string? definitions = null, (string Certificate, string Key)? own = null)
    {
        SkipWithoutPrograms();
        var broker = new OwnRabbitMq(consumerTimeoutSeconds, definitions, own);
        await broker.AnswersAsync(hasOwnUsers: definitions is not null);
        return broker;
    }

    public static void SkipWithoutPrograms() =>
        Assert.SkipUnless(File.Exists(Program), "This needs the programs of RabbitMQ, to start and to stop.");

    /// <summary>Waits until it answers.</summary>
    public Task AnswersAsync(bool hasOwnUsers = false) => Eventually.IsTrueAsync("RabbitMQ answers", async () =>
    {
        Assert.False(_server.HasExited, Log);
        try
        {
            await UseAsync(_ => Task.FromResult(true));
            return true;
        }
        catch (BrokerUnreachableException exception)
        {
            // With users of their own the guest is refused, which is an answer.
            return hasOwnUsers && exception.InnerException is AuthenticationFailureException;
        }
    });

    /// <summary>Starts a node, and does not wait for it.</summary>
    public static OwnRabbitMq StartNode(Mates mates) => new(600, null, null, mates);

    /// <summary>Host and port, as in a list of hosts.</summary>
    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    /// <summary>Clients that are connected now.</summary>
    public int CountClients() => File.ReadLines("/proc/net/tcp").Skip(1)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Count(line => line[1].EndsWith($":{_port:X4}", StringComparison.Ordinal) && line[3] == Established);

    /// <summary>Ends when the cluster has so many running nodes.</summary>
    public Task RunsWithAsync(int nodes) =>
        CommandAsync("await_online_nodes", nodes.ToString(CultureInfo.InvariantCulture), "--timeout", "120");

    /// <summary>kill -9. Its data stay until it is disposed.</summary>
    public async Task KillAsync()
    {
        if (!_server.HasExited)
        {
            _server.Kill(entireProcessTree: true);
        }

        await _server.WaitForExitAsync();
    }

    /// <summary>The address for a user.</summary>
    public Uri AddressOf(string user, string password, string host = "127.0.0.1") => new(string.Create(
        CultureInfo.InvariantCulture, $"{(_isEncrypted ? "amqps" : "amqp")}://{user}:{password}@{host}:{_port}/"));

    /// <summary>Raises the memory alarm, under which the broker takes no messages, or ends it.</summary>
    public Task SetMemoryAlarmAsync(bool isOn) =>
        CommandAsync(["set_vm_memory_high_watermark", .. isOn ? (string[])["absolute", "1"] : ["0.6"]]);

    /// <summary>Messages that no consumer has, and consumers, of a queue.</summary>
    public Task<(long Ready, long Consumers)> CountAsync(string queue) => UseAsync(async channel =>
    {
        var found = await channel.QueueDeclarePassiveAsync(queue);
        return ((long)found.MessageCount, (long)found.ConsumerCount);
    });

    /// <summary>How often the first message of the queue of orders went to a consumer and came back. This look counts, too.</summary>
    public Task<long> DeliveriesAsync() => UseAsync(async channel =>
    {
        var message = await channel.BasicGetAsync(OrdersReservedPublisher.QueueName, autoAck: false);
        await channel.BasicNackAsync(message!.DeliveryTag, multiple: false, requeue: true);
        return message.BasicProperties.Headers?.TryGetValue("x-delivery-count", out var count) == true ? (long)count! : 0;
    });

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _server.Dispose();
        if (_epmd is not null)
        {
            _epmd.Kill(entireProcessTree: true);
            await _epmd.WaitForExitAsync();
            _epmd.Dispose();
        }

        _files.Delete(recursive: true);
    }

    private async Task CommandAsync(params string[] arguments)
    {
        using var command = Start(Programs + "rabbitmqctl", arguments, _environment);
        await command.WaitForExitAsync();
        Assert.True(command.ExitCode == 0, Log);
    }

    private Process Start(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("NOTIFY_SOCKET");
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task<T> UseAsync<T>(Func<IChannel, Task<T>> action)
    {
        var factory = new ConnectionFactory { Uri = Address };
        // Whether certificates are checked is a matter of those who are tested.
        factory.Ssl.AcceptablePolicyErrors = SslPolicyErrors.RemoteCertificateChainErrors;
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        return await action(channel);
    }

    /// <summary>What the nodes of a cluster share.</summary>
    /// <param name="Home">Folder with their cookie.</param>
    /// <param name="EpmdPort">Of the one epmd, which the first node starts.</param>
    /// <param name="All">Their ports.</param>
    /// <param name="Own">That of this node.</param>
    internal sealed record Mates(string Home, int EpmdPort, IReadOnlyList<int> All, int Own)
    {
        public bool IsFirst => Own == All[0];
    }
}
