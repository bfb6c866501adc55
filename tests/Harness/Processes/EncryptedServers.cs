using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using Npgsql;
using StackExchange.Redis;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// Redis, RabbitMQ and PostgreSQL of one class of tests alone that speak TLS and nothing else, with certificates for 127.0.0.1 of an
/// authority that no machine knows.
/// </summary>
public sealed class EncryptedServers : IAsyncLifetime
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("seckill-encrypted-");
    private readonly int _redisPort = FreePort.Find();
    private Process? _redis;
    private TestAuthority _authority = null!;
    private OwnPostgres _postgres = null!;
    private OwnRabbitMq _rabbitMq = null!;

    /// <summary>For the environment of a process that trusts the authority.</summary>
    internal (string, string?)[] Settings => [.. Addresses, Trust];

    /// <summary>Where the servers are, for a process that trusts only what its machine does.</summary>
    internal (string, string?)[] Addresses =>
    [
        (Servers.RedisSetting, RedisAt("127.0.0.1")), (Servers.RabbitMqSetting, RabbitMqAt("127.0.0.1")),
        (Servers.OrdersSetting, PostgresAt("127.0.0.1", "seckill")), (Servers.LegacySetting, PostgresAt("127.0.0.1", "legacy")),
    ];

    /// <summary>OpenSSL takes its authorities from there.</summary>
    internal (string, string?) Trust => ("SSL_CERT_FILE", _authority.CertificateFile);

    /// <summary>The authority publishes no list of certificates that it has revoked.</summary>
    internal string RedisAt(string host) =>
        string.Create(CultureInfo.InvariantCulture, $"{host}:{_redisPort},ssl=true,checkCertificateRevocation=false");

    internal string RabbitMqAt(string host) => _rabbitMq.AddressOf("guest", "guest", host).AbsoluteUri;

    internal string PostgresAt(string host, string database) => new NpgsqlConnectionStringBuilder(_postgres.ConnectionString)
    {
        Host = host, Database = database, SslMode = SslMode.VerifyFull,
    }.ConnectionString;

    public async ValueTask InitializeAsync()
    {
        _authority = new TestAuthority(_files);
        var own = _authority.Issue(IPAddress.Loopback);
        _postgres = await OwnPostgres.StartAsync(own);
        await _postgres.CreateDatabaseAsync("seckill");
        await _postgres.CreateDatabaseAsync("legacy");
        _rabbitMq = await OwnRabbitMq.StartAsync(1800, own: own);
        _redis = Process.Start(
            "redis-server",
            [
                "--port", "0", "--tls-port", _redisPort.ToString(CultureInfo.InvariantCulture), "--tls-cert-file", own.Certificate,
                "--tls-key-file", own.Key, "--tls-ca-cert-file", _authority.CertificateFile, "--tls-auth-clients", "no",
                "--bind", "127.0.0.1", "--dir", _files.FullName, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                "--maxmemory-policy", "noeviction", "--logfile", "redis.log",
            ]);
        await Eventually.IsTrueAsync("Redis answers", AnswersAsync);
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null)
        {
            _redis.Kill();
            await _redis.WaitForExitAsync();
            _redis.Dispose();
        }

        await (_rabbitMq?.DisposeAsync() ?? default);
        await (_postgres?.DisposeAsync() ?? default);
        _authority?.Dispose();
        _files.Delete(recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        Assert.False(_redis!.HasExited, "redis-server has ended.");
        var options = ConfigurationOptions.Parse(RedisAt("127.0.0.1"));
        options.CertificateValidation += (_, _, _, errors) => errors != SslPolicyErrors.RemoteCertificateNotAvailable;
        try
        {
            await using var redis = await ConnectionMultiplexer.ConnectAsync(options);
            return true;
        }
        catch (RedisException)
        {
            return false;
        }
    }
}
