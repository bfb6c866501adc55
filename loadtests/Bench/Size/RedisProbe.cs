using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using StackExchange.Redis;

namespace Seckill.LoadTests.Bench.Size;

/// <summary>The rewrite of an AOF.</summary>
/// <param name="Seconds">From the request to its end.</param>
/// <param name="ForkMilliseconds">How long Redis answered nothing, to begin it.</param>
public sealed record AofRewrite(double Seconds, double ForkMilliseconds);

/// <summary>Asks Redis for its memory and its file, and measures how long another server takes to load a copy of the file.</summary>
public sealed class RedisProbe : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private readonly ConnectionMultiplexer _redis;
    private readonly IDatabase _database;

    private RedisProbe(ConnectionMultiplexer redis) => (_redis, _database) = (redis, redis.GetDatabase());

    /// <summary>Connects.</summary>
    public static async Task<RedisProbe> ConnectAsync(string configuration) =>
        // The memory of a large key is asked for while Redis does other things for seconds.
        new(await ConnectionMultiplexer.ConnectAsync(
            configuration, options => (options.AllowAdmin, options.AsyncTimeout) = (true, 120_000)));

    /// <summary>A number of <c>INFO</c>.</summary>
    public async Task<double> InfoAsync(string name)
    {
        var line = ((string)(await _database.ExecuteAsync("INFO"))!).Split("\r\n").First(line =>
            line.StartsWith(name + ":", StringComparison.Ordinal));
        return double.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Number of keys.</summary>
    public async Task<double> KeysAsync() => (double)await _database.ExecuteAsync("DBSIZE");

    /// <summary>Bytes of a key.</summary>
    public async Task<long> BytesAsync(string key) => (long?)await _database.ExecuteAsync("MEMORY", "USAGE", key) ?? 0;

    /// <summary>A number of a hash.</summary>
    public async Task<long> FieldAsync(string key, string field) => (long)await _database.HashGetAsync(key, field);

    /// <summary>Rewrites the AOF.</summary>
    public async Task<AofRewrite> RewriteAsync(CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        await _database.ExecuteAsync("BGREWRITEAOF");
        while (await InfoAsync("aof_rewrite_in_progress") + await InfoAsync("aof_rewrite_scheduled") > 0)
        {
            await Task.Delay(s_pause, cancellationToken);
        }

        return new AofRewrite(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, await InfoAsync("latest_fork_usec") / 1000);
    }

    /// <summary>Starts a server on a copy of the file, until it answers.</summary>
    /// <returns>Seconds; null when the file is out of reach, as in a container.</returns>
    public async Task<double?> LoadTimeAsync(CancellationToken cancellationToken)
    {
        var directory = (await _redis.GetServers()[0].ConfigGetAsync("dir")).Single().Value;
        var file = Path.Combine(directory, "appendonlydir");
        if (!Directory.Exists(file))
        {
            return null;
        }

        var copy = Directory.CreateTempSubdirectory("seckill-size").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(copy, "appendonlydir"));
            foreach (var part in Directory.EnumerateFiles(file))
            {
                File.Copy(part, Path.Combine(copy, "appendonlydir", Path.GetFileName(part)));
            }

            return await StartAsync(copy, cancellationToken);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    private static async Task<double> StartAsync(string directory, CancellationToken cancellationToken)
    {
        var address = new UnixDomainSocketEndPoint(Path.Combine(directory, "socket"));
        string[] arguments =
        [
            "--port", "0", "--unixsocket", address.ToString(), "--dir", directory, "--appendonly", "yes", "--save", "",
            "--loglevel", "warning",
        ];
        var startedAt = Stopwatch.GetTimestamp();
        using var server = Process.Start(new ProcessStartInfo("redis-server", arguments) { RedirectStandardOutput = true })!;
        server.BeginOutputReadLine();
        try
        {
            while (!await AnswersAsync(address, cancellationToken))
            {
                if (server.HasExited)
                {
                    throw new InvalidOperationException("A server on a copy of the AOF ended at its start.");
                }

                await Task.Delay(s_pause, cancellationToken);
            }

            return Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }

    // While it loads its file it answers every command with an error.
    private static async Task<bool> AnswersAsync(UnixDomainSocketEndPoint address, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(address, cancellationToken);
            await socket.SendAsync("PING\r\n"u8.ToArray(), cancellationToken);
            var answer = new byte[64];
            var length = await socket.ReceiveAsync(answer, cancellationToken);
            return Encoding.ASCII.GetString(answer, 0, length).StartsWith("+PONG", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
