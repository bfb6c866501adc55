using System.Diagnostics;
using System.Globalization;
using Dapper;
using Npgsql;
using Seckill.Shared.Connections;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// A Redis and an orders database of one scenario alone, to be emptied, killed and put back to an older copy. RabbitMQ is that of
/// everybody.
/// </summary>
internal sealed class OwnStores : IAsyncDisposable
{
    private readonly string _database = "lost_" + Guid.NewGuid().ToString("N");
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("seckill-redis-");
    private readonly FileInfo? _clock;
    private readonly int _port = FreePort.Find();
    private Process _redis;
    private bool _isKilled;

    private OwnStores(bool hasClock)
    {
        _clock = hasClock ? new FileInfo(Path.Combine(Path.GetTempPath(), _database)) : null;
        if (_clock is not null)
        {
            File.WriteAllText(_clock.FullName, "+0");
        }

        _redis = Start();
        Connections = new StoreConnections(Address, Connection);
    }

    public StoreConnections Connections { get; }

    /// <summary>For the environment of a service.</summary>
    public (string, string?)[] Settings => [(Servers.RedisSetting, Address), (Servers.OrdersSetting, Connection)];

    /// <summary>The same, with the database that <see cref="RestoreBesideAsync"/> made.</summary>
    public (string, string?)[] RestoredSettings =>
        [(Servers.RedisSetting, Address), (Servers.OrdersSetting, ConnectionTo(Restored))];

    private string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    private string Connection => ConnectionTo(_database);

    private string Restored => _database + "_restored";

    private string Backup => Path.Combine(_files.FullName, "orders.dump");

    /// <summary>Starts Redis and creates the database.</summary>
    /// <param name="hasClock">Whether Redis has a clock of its own: see <see cref="SetRedisClockAsync"/>.</param>
    public static async Task<OwnStores> StartAsync(bool hasClock = false)
    {
        Assert.SkipWhen(hasClock && ShiftedClock.Library is null, "This needs libfaketime (Debian: faketime).");
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server"))),
            "This needs the program redis-server, to start and to stop.");
        var stores = new OwnStores(hasClock);
        await AdministerAsync($"create database {stores._database}");
        await stores.AnswersAsync();
        return stores;
    }

    /// <summary>Copies the files as they are at this moment, while Redis writes them.</summary>
    public DirectoryInfo Copy()
    {
        var copy = Directory.CreateTempSubdirectory("seckill-redis-copy-");
        Copy(_files, copy);
        return copy;
    }

    /// <summary>kill -9, and a start from these files.</summary>
    public async Task RestartFromAsync(DirectoryInfo copy)
    {
        await KillAsync();
        _files.Delete(recursive: true);
        _files.Create();
        Copy(copy, _files);
        (_redis, _isKilled) = (Start(), false);
        await AnswersAsync();
    }

    /// <summary>Starts a replica of Redis.</summary>
    public Task<OwnReplica> StartReplicaAsync() => OwnReplica.StartAsync(_port);

    /// <summary>For the environment of a service: Redis is one of the two, whichever is the primary.</summary>
    public (string, string?)[] SettingsWith(OwnReplica replica) =>
        [(Servers.RedisSetting, $"{Address},{replica.Address}"), (Servers.OrdersSetting, Connection)];

    /// <summary>Connections of a test to the replica, which is the primary then, and to the orders database.</summary>
    public StoreConnections ConnectTo(OwnReplica replica) => new(replica.Address, Connection);

    /// <summary>A backup of the orders database as it is now.</summary>
    public Task BackUpAsync() => RunAsync("pg_dump", "--format=custom", "--file=" + Backup, _database);

    /// <summary>Puts the backup into another database, which nobody uses yet.</summary>
    public async Task RestoreBesideAsync()
    {
        await AdministerAsync($"create database {Restored}");
        await RunAsync("pg_restore", "--exit-on-error", "--dbname=" + Restored, Backup);
    }

    /// <summary>The restored database takes the place of the other, under the noses of the processes that use it.</summary>
    public async Task SwitchToRestoredAsync()
    {
        await AdministerAsync($"drop database {_database} with (force)");
        await AdministerAsync($"alter database {Restored} rename to {_database}");
        Connections.Orders.Clear();
    }

    /// <summary>Sets the clock of Redis so many seconds off, while it runs; ends when Redis says so.</summary>
    public async Task SetRedisClockAsync(int seconds)
    {
        await File.WriteAllTextAsync(_clock!.FullName, seconds.ToString("+0;-0", CultureInfo.InvariantCulture));
        await Eventually.IsTrueAsync("the clock of Redis is set", async () =>
        {
            var offset = await RedisClient.TimeAsync(Connections.Redis.Multiplexer.GetServers()[0]) - TimeProvider.System.GetUtcNow();
            return Math.Abs(offset.TotalSeconds - seconds) < 2;
        });
    }

    public Task EmptyAsync() => Connections.Redis.ExecuteAsync("FLUSHALL");

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _files.Delete(recursive: true);
        _clock?.Delete();
        await Connections.DisposeAsync();
        await AdministerAsync($"drop database if exists {_database} with (force)");
        await AdministerAsync($"drop database if exists {Restored} with (force)");
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(
            "redis-server",
            [
                "--port", _port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", _files.FullName, "--save", "",
                "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--logfile", "redis.log",
                "--repl-diskless-sync-delay", "0",
            ]);
        foreach (var (name, value) in _clock is null ? [] : ShiftedClock.Following(_clock.FullName))
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>kill -9 of Redis, as when its machine dies.</summary>
    public async Task KillAsync()
    {
        if (!_isKilled)
        {
            _redis.Kill();
            await _redis.WaitForExitAsync();
            ShiftedClock.ForgetProcess(_redis.Id);
            _redis.Dispose();
        }

        _isKilled = true;
    }

    private Task<TimeSpan> AnswersAsync() => Eventually.IsTrueAsync("Redis answers", async () =>
    {
        try
        {
            await Connections.Redis.PingAsync().WaitAsync(TimeSpan.FromSeconds(1));
            return true;
        }
        catch (Exception exception) when (exception is StackExchange.Redis.RedisException or TimeoutException)
        {
            return false;
        }
    });

    private static string ConnectionTo(string database) =>
        new NpgsqlConnectionStringBuilder(Servers.Given(Servers.OrdersSetting)) { Database = database }.ConnectionString;

    // Debian has the programs of each major version in a folder of its own; of the wrong one they would refuse.
    private static async Task RunAsync(string program, params string[] arguments)
    {
        var debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetFiles("/usr/lib/postgresql", program, SearchOption.AllDirectories).Order().LastOrDefault() : null;
        var server = new NpgsqlConnectionStringBuilder(Servers.Given(Servers.OrdersSetting));
        var start = new ProcessStartInfo(debian ?? program, arguments);
        start.Environment["PGHOST"] = server.Host;
        start.Environment["PGPORT"] = server.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = server.Username;
        start.Environment["PGPASSWORD"] = server.Password;
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private static async Task AdministerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Servers.Given(Servers.OrdersSetting));
        await connection.ExecuteAsync(sql);
    }

    private static void Copy(DirectoryInfo from, DirectoryInfo to)
    {
        foreach (var file in from.EnumerateFiles("*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to.FullName, Path.GetRelativePath(from.FullName, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            file.CopyTo(target, overwrite: true);
        }
    }
}
