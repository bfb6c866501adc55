using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using StackExchange.Redis;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// Redis, RabbitMQ and PostgreSQL of one class of tests alone, with the users of deploy/: one for each role of the processes, with the
/// rights that the files there give it.
/// </summary>
public sealed class LimitedServers : IAsyncLifetime
{
    private const string Password = "of-these-tests-alone";
    private static readonly string[] s_users = ["admin", "api", "worker", "inventory", "reader"];
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("seckill-limited-");
    private readonly int _redisPort = FreePort.Find();
    private Process? _redis;
    private OwnPostgres _postgres = null!;
    private OwnRabbitMq _rabbitMq = null!;

    /// <summary>For the tests themselves: full rights.</summary>
    internal StoreConnections Connections { get; private set; } = null!;

    /// <summary>What RabbitMQ has written.</summary>
    internal string BrokerLog => _rabbitMq.Log;

    /// <summary>For the environment of a process of this role.</summary>
    internal (string, string?)[] SettingsOf(string role, string orders = "seckill") =>
    [
        (Servers.RedisSetting, RedisOf(role)), (Servers.RabbitMqSetting, RabbitMqOf(role).AbsoluteUri),
        (Servers.OrdersSetting, PostgresOf(role, orders)), (Servers.LegacySetting, role == "inventory" ? null : PostgresOf(role, "legacy")),
        ("Legacy__RoundPauseMilliseconds", "100"), ("Legacy__SlowBatchMilliseconds", "60000"),
    ];

    internal string RedisOf(string role) =>
        string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_redisPort},user=seckill_{role},password={Password}");

    internal Uri RabbitMqOf(string role) => _rabbitMq.AddressOf($"seckill_{role}", Password);

    internal string PostgresOf(string role, string database) => new NpgsqlConnectionStringBuilder(_postgres.ConnectionString)
    {
        Username = role == "admin" ? "postgres" : $"seckill_{role}", Database = database,
    }.ConnectionString;

    /// <summary>Creates a database with its users, and without a schema.</summary>
    internal async Task CreateDatabaseAsync(string name, string users = "roles.sql")
    {
        await _postgres.CreateDatabaseAsync(name);
        // Twice: it may be repeated.
        await using var database = new NpgsqlConnection(PostgresOf("admin", name));
        await database.ExecuteAsync(await ReadAsync("postgres", users));
        await database.ExecuteAsync(await ReadAsync("postgres", users));
    }

    public async ValueTask InitializeAsync()
    {
        _postgres = await OwnPostgres.StartAsync();
        await CreateDatabaseAsync("seckill");
        await CreateDatabaseAsync("legacy", "legacy-roles.sql");
        _rabbitMq = await OwnRabbitMq.StartAsync(1800, Filled(await ReadAsync("rabbitmq", "definitions.json"), RabbitMqHash()));
        _redis = await StartRedisAsync();
        await using (var installation = new Installation())
        {
            Assert.Equal(0, await Migrate(installation).ExitsAsync());
        }

        Connections = new StoreConnections(RedisOf("admin"), PostgresOf("admin", "seckill"));
    }

    /// <summary>The migration job, with the rights of the owner and nothing else.</summary>
    internal ServiceProcess Migrate(Installation installation, string orders = "seckill") =>
        installation.Start("migrate", "OrderService", ["migrate"],
        [
            (Servers.RedisSetting, null), (Servers.RabbitMqSetting, null), (Servers.OrdersSetting, PostgresOf("owner", orders)),
            (Servers.LegacySetting, PostgresOf("owner", "legacy")),
        ]);

    public async ValueTask DisposeAsync()
    {
        await (Connections?.DisposeAsync() ?? default);
        if (_redis is not null)
        {
            _redis.Kill();
            await _redis.WaitForExitAsync();
            _redis.Dispose();
        }

        await (_rabbitMq?.DisposeAsync() ?? default);
        await (_postgres?.DisposeAsync() ?? default);
        _files.Delete(recursive: true);
    }

    /// <summary>kill -9, and a start with the same files.</summary>
    public async Task RestartRedisAsync()
    {
        _redis!.Kill();
        await _redis.WaitForExitAsync();
        _redis.Dispose();
        _redis = await StartRedisAsync();
    }

    private async Task<Process> StartRedisAsync()
    {
        var users = Path.Combine(_files.FullName, "users.acl");
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Password)));
        var lines = Filled(await ReadAsync("redis", "users.acl"), hash).Split('\n').Where(line => !line.StartsWith('#'));
        await File.WriteAllLinesAsync(users, lines);
        var redis = Process.Start(
            "redis-server",
            [
                "--port", _redisPort.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", _files.FullName, "--save", "",
                "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--logfile", "redis.log",
                "--aclfile", users,
            ]);
        await Eventually.IsTrueAsync("Redis answers", async () =>
        {
            try
            {
                await using var admin = await ConnectionMultiplexer.ConnectAsync(RedisOf("admin"));
                return true;
            }
            catch (RedisException)
            {
                Assert.False(redis.HasExited, "redis-server has ended.");
                return false;
            }
        });
        return redis;
    }

    private static string Filled(string template, string hash) =>
        s_users.Aggregate(template, (text, user) => text.Replace($"{{{user}}}", hash, StringComparison.Ordinal));

    // Base64 of a salt of four bytes, and the SHA-256 of salt and password.
    private static string RabbitMqHash()
    {
        byte[] salt = [1, 2, 3, 4];
        return Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(Password)])]);
    }

    private static Task<string> ReadAsync(string store, string file) =>
        File.ReadAllTextAsync(Path.Combine(Checkout.Root, "deploy", store, file));
}
