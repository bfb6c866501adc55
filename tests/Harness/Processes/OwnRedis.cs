using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.Shared.Connections;
using StackExchange.Redis;

namespace Seckill.Tests.Harness.Processes;

/// <summary>A Redis server of one test alone, from Debian's package: to be frozen, killed, demoted and restarted.</summary>
internal sealed class OwnRedis : IAsyncDisposable
{
    /// <summary>What Sentinels call the primary.</summary>
    public const string SentinelService = "shop";

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
    public static Task<OwnRedis> StartAsync(params string[] arguments) => StartAsync(FreePort.Find(), _ => arguments);

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

    /// <summary>A Sentinel that watches a primary under the name <see cref="SentinelService"/>.</summary>
    public static Task<OwnRedis> StartSentinelAsync(int port, int primary) => StartAsync(port, folder =>
    {
        var file = Path.Combine(folder, "sentinel.conf");
        File.WriteAllText(file, string.Create(CultureInfo.InvariantCulture, $"""
            sentinel monitor {SentinelService} 127.0.0.1 {primary} 1
            sentinel down-after-milliseconds {SentinelService} 1000
            sentinel failover-timeout {SentinelService} 5000
            """));
        return [file, "--sentinel"];
    });

    /// <summary>Ends when this Sentinel knows so many replicas that follow.</summary>
    public Task KnowsReplicasAsync(int count) => Eventually.IsTrueAsync("the Sentinel knows the replicas", async () =>
    {
        await using var redis = await ConnectionMultiplexer.SentinelConnectAsync(Address);
        var replicas = await redis.GetServers()[0].SentinelReplicasAsync(SentinelService);
        return replicas.Count(known => known.Contains(KeyValuePair.Create("master-link-status", "ok"))) == count;
    });

    /// <summary>Runs a program to its end.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        var (exitCode, output) = await OutputAsync(program, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}");
    }

    private static async Task<(int ExitCode, string Output)> OutputAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, $"{await output} {errors}");
    }

    /// <summary>Stops the process where it is: its sockets stay open and nothing is answered.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Lets a frozen process go on.</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    /// <summary>Asks the server past every client under test.</summary>
    public Task CommandAsync(params string[] words) =>
        RunAsync("redis-cli", ["-p", Port.ToString(CultureInfo.InvariantCulture), .. words]);

    /// <summary>Ends when its answer to a command contains a text.</summary>
    public Task SaysAsync(string what, string command, string text) => Eventually.IsTrueAsync(what, async () =>
        (await OutputAsync("redis-cli", ["-p", Port.ToString(CultureInfo.InvariantCulture), .. command.Split(' ')]))
            .Output.Contains(text, StringComparison.Ordinal));

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
