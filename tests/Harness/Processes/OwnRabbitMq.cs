using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Connections;

namespace Seckill.Tests.Harness.Processes;

/// <summary>A RabbitMQ of one scenario alone, from Debian's package, that waits for acknowledgements only briefly.</summary>
internal sealed class OwnRabbitMq : IAsyncDisposable
{
    private const string Programs = "/usr/lib/rabbitmq/bin/";
    private const string Program = Programs + "rabbitmq-server";
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("seckill-rabbitmq-");
    private readonly ConcurrentQueue<string> _log = new();
    private readonly int _port = FreePort.Find();
    private readonly Process _epmd;
    private readonly Process _server;
    private readonly (string, string)[] _environment;
    private readonly bool _isEncrypted;

    private OwnRabbitMq(int consumerTimeoutSeconds, string? definitions, (string Certificate, string Key)? own)
    {
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
        ]);
        File.WriteAllText(Own("definitions.json"), definitions);
        // All Erlang nodes of a machine share one epmd; a private one avoids that.
        var epmdPort = Text(FreePort.Find());
        _epmd = Start("epmd", ["-port", epmdPort], ("ERL_EPMD_ADDRESS", "127.0.0.1"));
        _environment =
        [
            ("HOME", _files.FullName), ("RUNNING_UNDER_SYSTEMD", "true"), ("ERL_EPMD_ADDRESS", "127.0.0.1"), ("ERL_EPMD_PORT", epmdPort),
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
        Assert.SkipUnless(File.Exists(Program), "This needs the programs of RabbitMQ, to start and to stop.");
        var broker = new OwnRabbitMq(consumerTimeoutSeconds, definitions, own);
        await Eventually.IsTrueAsync("RabbitMQ answers", async () =>
        {
            Assert.False(broker._server.HasExited, broker.Log);
            try
            {
                await broker.UseAsync(_ => Task.FromResult(true));
                return true;
            }
            catch (BrokerUnreachableException exception)
            {
                // With users of their own the guest is refused, which is an answer.
                return definitions is not null && exception.InnerException is AuthenticationFailureException;
            }
        });
        return broker;
    }

    /// <summary>The address for a user.</summary>
    public Uri AddressOf(string user, string password, string host = "127.0.0.1") => new(string.Create(
        CultureInfo.InvariantCulture, $"{(_isEncrypted ? "amqps" : "amqp")}://{user}:{password}@{host}:{_port}/"));

    /// <summary>Raises the memory alarm, under which the broker takes no messages, or ends it.</summary>
    public async Task SetMemoryAlarmAsync(bool isOn)
    {
        using var command = Start(
            Programs + "rabbitmqctl", ["set_vm_memory_high_watermark", .. isOn ? (string[])["absolute", "1"] : ["0.6"]], _environment);
        await command.WaitForExitAsync();
        Assert.True(command.ExitCode == 0, Log);
    }

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
        foreach (var process in new[] { _server, _epmd })
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        _files.Delete(recursive: true);
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
}
