using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.Shared.Connections;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Promise: a connection string may name a user, TLS, several servers or Sentinels, and after a change of roles the primary is used
/// within seconds. Broken by a client that asks for the roles once a minute, and by reads that a replica answers with old stock.
/// </summary>
public sealed class RedisTopologyTests
{
    [Fact]
    public async Task A_user_with_a_password_sells()
    {
        await using var server = await OwnRedis.StartAsync("--save", "");
        await server.CommandAsync("acl", "setuser", "shop", "on", ">s3cret", "~seckill:*", "&seckill:*", "+@all", "-@dangerous", "+info");
        await server.CommandAsync("acl", "setuser", "default", "off");
        await using var redis = OwnRedis.Connect(server.Address + ",user=shop,password=s3cret");
        await SellsAsync(redis);

        await using var stranger = OwnRedis.Connect(server.Address);
        await Assert.ThrowsAnyAsync<RedisException>(() => stranger.GetDatabase().PingAsync().InTime());
    }

    [Fact]
    public async Task An_encrypted_connection_sells_and_one_to_a_stranger_is_refused()
    {
        var port = FreePort.Find();
        var certificates = Directory.CreateTempSubdirectory("seckill-certificates-");
        var (key, certificate) = (Path.Combine(certificates.FullName, "key.pem"), Path.Combine(certificates.FullName, "cert.pem"));
        await OwnRedis.RunAsync(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate);
        await using var server = await OwnRedis.StartAsync(
            FreePort.Find(),
            _ =>
            [
                "--save", "", "--tls-port", port.ToString(CultureInfo.InvariantCulture), "--tls-cert-file", certificate,
                "--tls-key-file", key, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no",
            ]);
        var address = string.Create(CultureInfo.InvariantCulture, $"localhost:{port},ssl=true");
        var options = RedisClient.Options(address);
        options.TrustIssuer(certificate);
        await using var redis = RedisClient.Connect(options, NullLogger.Instance);
        // On a machine under load the first attempt to connect may take longer than a call waits for it.
        await RedisClientTests.AnswersAsync(redis);
        await SellsAsync(redis);

        await using var trusting = OwnRedis.Connect(address);
        await Assert.ThrowsAnyAsync<RedisException>(() => trusting.GetDatabase().PingAsync().InTime());
        certificates.Delete(recursive: true);
    }

    [Fact]
    public async Task Of_several_servers_the_primary_is_used_also_after_they_have_changed_places()
    {
        await using var one = await OwnRedis.StartAsync("--save", "");
        await using var two = await OwnRedis.StartAsync("--save", "", "--replicaof", $"127.0.0.1 {one.Port}");
        await using var redis = OwnRedis.Connect($"{two.Address},{one.Address}");
        await SellsAsync(redis);
        for (var i = 0; i < 2; i++)
        {
            var (primary, replica) = i == 0 ? (one, two) : (two, one);
            await replica.CommandAsync("replicaof", "no", "one");
            await primary.CommandAsync("replicaof", "127.0.0.1", replica.Port.ToString(CultureInfo.InvariantCulture));
            await WithinSecondsAsync(redis);
            await SellsAsync(redis);
        }
    }

    [Fact]
    public async Task A_server_that_was_a_replica_for_a_while_takes_writes_again_within_seconds()
    {
        await using var other = await OwnRedis.StartAsync("--save", "");
        await using var server = await OwnRedis.StartAsync("--save", "");
        await using var redis = OwnRedis.Connect(server.Address);
        await SellsAsync(redis);
        await server.CommandAsync("replicaof", "127.0.0.1", other.Port.ToString(CultureInfo.InvariantCulture));
        await Eventually.IsTrueAsync("the client knows of the demotion", () => redis.GetServers()[0].IsReplica);
        await server.CommandAsync("replicaof", "no", "one");
        await WithinSecondsAsync(redis);
        await SellsAsync(redis);
    }

    [Fact]
    public async Task A_replica_does_not_answer_for_a_primary_that_is_down()
    {
        await using var primary = await OwnRedis.StartAsync("--save", "");
        await using var replica = await OwnRedis.StartAsync("--save", "", "--replicaof", $"127.0.0.1 {primary.Port}");
        await using var redis = OwnRedis.Connect($"{primary.Address},{replica.Address}");
        var (ledger, item) = (new StockLedger(redis), new TestItem());
        await ledger.WarmAsync(item.Keys, item.Plan()).InTime();
        await Eventually.IsTrueAsync("both are connected", () => redis.GetServers().All(server => server.IsConnected));
        await Eventually.IsTrueAsync("the roles are known", () => redis.GetServers().Any(server => server.IsReplica));
        await primary.KillAsync();
        await Eventually.IsTrueAsync("the loss is noticed", () => redis.GetServers().Any(server => !server.IsConnected));

        Func<Task>[] reads =
        [
            () => ledger.InspectAsync(item.Keys), () => ledger.FindHoldAsync(item.Keys, "order"),
            () => new BuyerLog(redis).ReadAsync(item.Keys, 0), () => new BuyerLog(redis).ScanAsync(item.Keys, "0"),
            () => ledger.InspectOutboxAsync(item.Keys), () => new SaleCatalog(redis).FindSaleAsync(item.Key.SaleId),
            () => new SaleCatalog(redis).ItemsAsync(), () => new SaleCatalog(redis).FindItemAsync(item.Number),
            () => new RedisMark(redis).StoreAsync(), () => new StockPages(redis).WithoutHoldAsync(item.Keys, ["order"]),
            () => new StockRepair(redis).DeadlineAsync(item.Keys),
        ];
        foreach (var read in reads)
        {
            await Assert.ThrowsAnyAsync<RedisException>(() => read().InTime());
        }
    }

    [Fact]
    public async Task Sentinels_lead_to_the_primary_and_to_the_next_one_when_it_dies()
    {
        await using var primary = await OwnRedis.StartAsync("--save", "");
        await using var replica = await OwnRedis.StartAsync("--save", "", "--replicaof", $"127.0.0.1 {primary.Port}");
        await using var sentinel = await OwnRedis.StartSentinelAsync(FreePort.Find(), primary.Port);
        await sentinel.KnowsReplicasAsync(1);
        await using var redis = OwnRedis.Connect(sentinel.Address + ",serviceName=shop");
        await SellsAsync(redis);
        await primary.KillAsync();

        await RedisClientTests.AnswersAsync(redis);
        await SellsAsync(redis);
        Assert.Equal(
            IPEndPoint.Parse(replica.Address),
            Assert.Single(redis.GetServers(), server => server is { IsConnected: true, IsReplica: false }).EndPoint);
    }

    [Fact]
    public async Task A_process_that_starts_before_its_Sentinels_sells_when_they_come()
    {
        var port = FreePort.Find();
        await using var redis = OwnRedis.Connect(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port},serviceName=shop"));
        await Assert.ThrowsAsync<RedisConnectionException>(() => redis.GetDatabase().PingAsync().InTime());
        await using var primary = await OwnRedis.StartAsync("--save", "");
        await using var sentinel = await OwnRedis.StartSentinelAsync(port, primary.Port);
        await RedisClientTests.AnswersAsync(redis);
        await SellsAsync(redis);
    }

    private static async Task WithinSecondsAsync(IConnectionMultiplexer redis) =>
        await RedisClientTests.AnswersAsync(redis).WaitAsync(TimeSpan.FromSeconds(15));

    // After a failover a connection may be made once more: then a call fails, and its caller tries again.
    private static async Task SellsAsync(IConnectionMultiplexer redis)
    {
        Exception? failure = null;
        await Eventually.IsTrueAsync(
            "Redis takes calls", async () => (failure = await Record.ExceptionAsync(() => SellOnceAsync(redis))) is not RedisException);
        Assert.Null(failure);
    }

    private static async Task SellOnceAsync(IConnectionMultiplexer redis)
    {
        var (ledger, item) = (new StockLedger(redis), new TestItem());
        await new SaleCatalog(redis).AddNumberAsync(item.Number, item.Key).InTime();
        Assert.Equal(WarmOutcome.Created, await ledger.WarmAsync(item.Keys, item.Plan()).InTime());
        var batch = new ReserveBatch(1);
        var suffix = new byte[OrderId.SuffixLength];
        OrderId.FillSuffix(suffix);
        batch.Add(suffix, 7, 1, null);
        await ledger.ReserveAsync(item.Keys, batch, 10).InTime();
        Assert.Equal(ReserveOutcome.Reserved, batch.Outcome(0, out _));
        Assert.Equal(1, (await ledger.InspectAsync(item.Keys).InTime())!.Held);
    }
}
