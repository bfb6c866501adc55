using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;
using StackExchange.Redis;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// A TCP relay between services and one of the given servers, which can be made to look lost: refused (the server is down),
/// frozen in one or both directions (a network that swallows packets without a word), or with its connections reset.
/// </summary>
/// <remarks>
/// What was sent into a freeze is kept and arrives at the thaw, also when the sender has given up meanwhile: a request that was
/// believed lost takes effect late, which is the case that hurts.
/// </remarks>
internal sealed class Relay : IAsyncDisposable
{
    private static readonly TimeSpan s_longestAnswer = TimeSpan.FromSeconds(5);
    private readonly string _host;
    private readonly int _serverPort;
    private readonly IPEndPoint _address;
    private readonly ConcurrentDictionary<RelayedConnection, byte> _connections = new();
    private readonly RelayGate _toServer = new();
    private readonly RelayGate _toClient = new();
    private readonly CommandHold? _hold;
    private readonly byte[] _signIn;
    private Socket? _listener;
    private Socket? _reserved;

    private Relay(
        string host, int serverPort, Func<int, (string Name, string Value)> setting, CommandHold? hold = null, byte[]? signIn = null)
    {
        (_host, _serverPort, _hold, _signIn) = (host, serverPort, hold, signIn ?? []);
        _reserved = Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _address = (IPEndPoint)_reserved.LocalEndPoint!;
        Setting = setting(_address.Port);
        Accept();
    }

    /// <summary>What a service is given in place of the server's own connection string.</summary>
    public (string Name, string Value) Setting { get; }

    public static Relay ToRedis() => ToRedis(Servers.Given(Servers.RedisSetting));

    public static Relay ToRedis(string connection)
    {
        var words = connection.Split(',', StringSplitOptions.TrimEntries);
        var endpoint = words.First(word => !word.Contains('=', StringComparison.Ordinal)).Split(':');
        var options = words.Where(word => word.Contains('=', StringComparison.Ordinal));
        return new(endpoint[0], endpoint.Length > 1 ? Number(endpoint[1]) : 6379, port =>
            (Servers.RedisSetting, string.Join(',', options.Prepend($"127.0.0.1:{port}"))), new CommandHold(), SignIn(connection));
    }

    public static Relay ToRabbitMq(string? uri = null)
    {
        var address = new UriBuilder(uri ?? Servers.Given(Servers.RabbitMqSetting));
        var (host, serverPort) = (address.Host, address.Port > 0 ? address.Port : 5672);
        return new(host, serverPort, port =>
        {
            (address.Host, address.Port) = ("127.0.0.1", port);
            return (Servers.RabbitMqSetting, address.Uri.AbsoluteUri);
        });
    }

    public static Relay ToPostgres() => ToPostgres(Servers.OrdersSetting, Servers.Given(Servers.OrdersSetting));

    public static Relay ToPostgres(string setting, string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        return new(settings.Host!, settings.Port, port =>
        {
            (settings.Host, settings.Port) = ("127.0.0.1", port);
            return (setting, settings.ConnectionString);
        });
    }

    /// <summary>The server is down: connections are reset, new ones refused.</summary>
    public void Refuse()
    {
        _listener?.Dispose();
        _listener = null;
        // Bound and not listening: refuses, and keeps the port for the return.
        _reserved ??= Bind(_address);
        Reset();
    }

    /// <summary>Connections are reset; new ones may come at once.</summary>
    public void Reset()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Reset();
        }
    }

    /// <summary>Nothing passes, and nobody is told: on connections that exist and on new ones.</summary>
    public void Freeze(bool toServer = true, bool toClient = true)
    {
        if (toServer)
        {
            _toServer.Close();
        }

        if (toClient)
        {
            _toClient.Close();
        }
    }

    /// <summary>Whatever passes arrives so much later, in both directions.</summary>
    public void Delay(TimeSpan delay) => (_toServer.Delay, _toClient.Delay) = (delay, delay);

    /// <summary>
    /// Holds the next command back that runs one script of Redis: its connection is reset, so that its sender gives up and may ask again
    /// at once, and the command arrives alone, that much later.
    /// </summary>
    /// <param name="script">Its SHA-1, as in EVALSHA.</param>
    /// <param name="delay">How much later.</param>
    /// <param name="isOver">Ends the wait for the command.</param>
    /// <returns>What Redis answered; null when no such command came, or Redis could not be reached.</returns>
    public async Task<string?> HoldBackAsync(string script, TimeSpan delay, Func<bool> isOver)
    {
        if (await _hold!.NextAsync(script, isOver) is not { } command)
        {
            return null;
        }

        await Task.Delay(delay);
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var limit = new CancellationTokenSource(s_longestAnswer);
        try
        {
            await server.ConnectAsync(_host, _serverPort, limit.Token);
            var answer = new byte[256];
            if (_signIn.Length > 0)
            {
                await server.SendAsync(_signIn, limit.Token);
                await server.ReceiveAsync(answer, limit.Token);
            }

            await server.SendAsync(command, limit.Token);
            return Encoding.UTF8.GetString(answer, 0, await server.ReceiveAsync(answer, limit.Token)).TrimEnd();
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Connections that exist now are frozen for good; new ones work. What a lost route or a failover leaves behind.</summary>
    public void Abandon()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Abandon();
        }
    }

    /// <summary>The server is back, with what was sent to it meanwhile.</summary>
    public void Resume()
    {
        Delay(TimeSpan.Zero);
        _toServer.Open();
        _toClient.Open();
        if (_listener is null)
        {
            Accept();
        }
    }

    public ValueTask DisposeAsync()
    {
        _listener?.Dispose();
        _listener = null;
        _reserved?.Dispose();
        Reset();
        _toServer.Open();
        _toClient.Open();
        return ValueTask.CompletedTask;
    }

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    // As a connection begins where Redis has users; empty where it has none.
    private static byte[] SignIn(string connection) =>
        ConfigurationOptions.Parse(connection) is { Password: { } password } options
            ? Encoding.UTF8.GetBytes($"AUTH {options.User ?? "default"} {password}\r\n") : [];

    private static Socket Bind(IPEndPoint address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(address);
        return socket;
    }

    private void Accept()
    {
        (_listener, _reserved) = (_reserved, null);
        _listener!.Listen();
        _ = AcceptAsync(_listener);
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptAsync();
                _ = RelayAsync(client, listener);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The listener was closed on purpose.
        }
    }

    private async Task RelayAsync(Socket client, Socket listener)
    {
        using var connection = new RelayedConnection(client);
        _connections[connection] = 0;
        try
        {
            await connection.Server.ConnectAsync(_host, _serverPort);
            // Accepted just before the listener was closed, it would not be among those that were reset.
            if (_listener == listener)
            {
                await Task.WhenAll(
                    connection.PumpAsync(connection.Client, connection.Server, _toServer, _hold is null ? null : new RedisCommands(_hold)),
                    connection.PumpAsync(connection.Server, connection.Client, _toClient));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            connection.Reset();
        }
        finally
        {
            _connections.TryRemove(connection, out _);
        }
    }
}
