using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.Shared.Connections;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Connections;

/// <summary>A Redis server of one test alone, from Debian's package: to be frozen, killed, demoted and restarted.</summary>
internal sealed class OwnRedis : IAsyncDisposable
{
    private readonly DirectoryInfo _files;
    private readonly string[] _arguments;
    private Process _process;

    private OwnRedis(DirectoryInfo files, int port, string[] arguments)
    {
        (_files, Port, _arguments) = (files, port, arguments);
        _process = Launch();
    }

    public int Port { get; }

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Where the server keeps its data, and a test its certificates.</summary>
    public string Folder => _files.FullName;

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <param name="arguments">Beside port and folder, as on the command line of <c>redis-server</c>.</param>
    public static Task<OwnRedis> StartAsync(params string[] arguments) => StartAsync(FreePort(), _ => arguments);

    /// <inheritdoc cref="StartAsync(string[])"/>
    public static async Task<OwnRedis> StartAsync(int port, Func<string, string[]> arguments)
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server"))),
            "This needs the program redis-server, to start and to stop.");
        var files = Directory.CreateTempSubdirectory("seckill-own-redis-");
        var server = new OwnRedis(files, port, arguments(files.FullName));
        await server.ListensAsync();
        return server;
    }

    /// <summary>Connects as a service does.</summary>
    /// <param name="addresses">Of the servers, and further options in the format of a connection string.</param>
    public static IConnectionMultiplexer Connect(string addresses) =>
        RedisClient.Connect(RedisClient.Options(addresses), NullLogger.Instance);

    /// <summary>A port below the range from which the system takes ports for outgoing connections.</summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, 31_999);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The next one.
            }
        }
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await output} {errors}");
    }

    /// <summary>Stops the process where it is: its sockets stay open and nothing is answered.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Lets a frozen process go on.</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    /// <summary>Asks the server past every client under test.</summary>
    public Task CommandAsync(params string[] words) =>
        RunAsync("redis-cli", ["-p", Port.ToString(CultureInfo.InvariantCulture), .. words]);

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
    }

    /// <summary>Starts it again, with its files and further arguments, and does not wait until it answers.</summary>
    public void Restart(params string[] more)
    {
        _process.Dispose();
        _process = Launch(more);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        _files.Delete(recursive: true);
    }

    private Task SignalAsync(string signal) =>
        RunAsync("kill", "-" + signal, _process.Id.ToString(CultureInfo.InvariantCulture));

    private Process Launch(params string[] more) => Process.Start(new ProcessStartInfo(
        "redis-server",
        [
            .. _arguments.TakeWhile(argument => !argument.StartsWith("--", StringComparison.Ordinal)),
            "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", Folder, "--logfile", "redis.log",
            .. _arguments.SkipWhile(argument => !argument.StartsWith("--", StringComparison.Ordinal)), .. more,
        ]))!;

    private Task<TimeSpan> ListensAsync() => Eventually.IsTrueAsync("Redis listens", async () =>
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            Assert.False(_process.HasExited, $"redis-server did not start; see redis.log in {Folder}.");
            return false;
        }
    });
}
