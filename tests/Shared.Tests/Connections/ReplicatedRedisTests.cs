using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Seckill.Shared.Connections;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Promise: with replicas configured, an order is confirmed when they have it. Otherwise its outcome is unknown, and a retry finds it when
/// the replicas are back. Waiting for them holds up nobody else. Mutants: the answer of WAIT is not read; WAIT goes out on another
/// connection, whose writes are older; a repeated order is confirmed without a wait.
/// </summary>
public sealed class ReplicatedRedisTests
{
    [Fact]
    public async Task An_order_that_the_replica_has_is_confirmed_with_one_wait_for_its_batch()
    {
        await using var servers = await PairAsync();
        var (ledger, item) = await OpenAsync(servers);
        var before = await CallsAsync(servers.Direct, "wait");
        await ReserveAsync(ledger, item, "key");
        await ReserveAsync(ledger, item, "key");
        Assert.Equal(1, await servers.HeldByReplicaAsync(item));
        Assert.Equal(2, await CallsAsync(servers.Direct, "wait") - before);
    }

    [Fact]
    public async Task Without_its_replica_an_order_is_unknown_and_a_retry_finds_it_when_the_replica_is_back()
    {
        await using var servers = await PairAsync();
        var (ledger, item) = await OpenAsync(servers);
        Assert.Equal(ReserveOutcome.Reserved, await ReserveAsync(ledger, item, "before"));
        await servers.Replica.FreezeAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => ReserveAsync(ledger, item, "key").InTime());
        // Nobody was promised it, also not the one who asks again.
        await Assert.ThrowsAsync<TimeoutException>(() => ReserveAsync(ledger, item, "key").InTime());
        Assert.Equal(2, (await ledger.InspectAsync(item.Keys))!.Held);
        await servers.Replica.ThawAsync();
        await Eventually.IsTrueAsync("the retry finds the order", async () =>
        {
            try
            {
                return await ReserveAsync(ledger, item, "key") == ReserveOutcome.Replayed;
            }
            catch (TimeoutException)
            {
                return false;
            }
        });
        Assert.Equal(2, (await ledger.InspectAsync(item.Keys))!.Held);
    }

    [Fact]
    public async Task A_call_that_waits_for_its_replica_holds_up_no_other()
    {
        await using var servers = await PairAsync();
        var (ledger, item) = await OpenAsync(servers);
        await ReserveAsync(ledger, item, "before");
        await servers.Replica.FreezeAsync();
        var waiting = ReserveAsync(ledger, item, "key");
        await Eventually.IsTrueAsync("the order is held, and its buyer waits", async () =>
            (await ledger.InspectAsync(item.Keys))!.Held == 2 && !waiting.IsCompleted);
        Assert.False(waiting.IsCompleted);
        await Assert.ThrowsAsync<TimeoutException>(() => waiting.InTime());
    }

    [Fact]
    public async Task A_missing_replica_and_a_primary_that_sells_without_one_are_reported()
    {
        await using var servers = await PairAsync();
        var check = new ReplicaCheck(servers.Direct, Options.Create(new RedisOptions { Replicas = 1 }));
        var context = new HealthCheckContext { Registration = new("replicas", check, HealthStatus.Degraded, []) };
        Assert.Equal(HealthStatus.Healthy, (await check.CheckHealthAsync(context, CancellationToken.None)).Status);
        Assert.True(await IsWeakAsync(1));
        Assert.False(await IsWeakAsync(0));
        await servers.Replica.KillAsync();
        await Eventually.IsTrueAsync("the missing replica is reported", async () =>
            (await check.CheckHealthAsync(context, CancellationToken.None)).Status == HealthStatus.Degraded);

        async Task<bool> IsWeakAsync(int replicas) =>
            (await DurabilityCheck.FindWeakSettingsAsync(servers.Direct, replicas)).Any(weak => weak.Setting == "min-replicas-to-write");
    }

    private static async Task<(StockLedger Ledger, TestItem Item)> OpenAsync(Pair servers)
    {
        var (ledger, item) = (new StockLedger(servers.Direct, servers.Replicated), new TestItem());
        await ledger.WarmAsync(item.Keys, item.Plan());
        return (ledger, item);
    }

    private static async Task<ReserveOutcome> ReserveAsync(StockLedger ledger, TestItem item, string key)
    {
        var batch = new ReserveBatch(1);
        var suffix = new byte[OrderId.SuffixLength];
        OrderId.FillSuffix(suffix);
        batch.Add(suffix, key.Length, 1, key);
        await ledger.ReserveAsync(item.Keys, batch, TestItem.NoBound);
        return batch.Outcome(0, out _);
    }

    private static async Task<long> CallsAsync(IConnectionMultiplexer redis, string command)
    {
        var statistics = (await redis.GetServers()[0].InfoAsync("commandstats")).SelectMany(part => part)
            .FirstOrDefault(entry => entry.Key == "cmdstat_" + command).Value ?? "calls=0,";
        return long.Parse(statistics.Split(['=', ','])[1], CultureInfo.InvariantCulture);
    }

    private static async Task<Pair> PairAsync()
    {
        var primary = await OwnRedis.StartAsync("--save", "", "--repl-diskless-sync-delay", "0");
        var replica = await OwnRedis.StartAsync("--save", "", "--replicaof", $"127.0.0.1 {primary.Port}");
        var pair = new Pair(primary, replica);
        await Eventually.IsTrueAsync(
            "the replica follows", async () => (int)await pair.Direct.GetDatabase().ExecuteAsync("WAIT", 1, 100) == 1);
        return pair;
    }

    private sealed class Pair : IAsyncDisposable
    {
        private readonly OwnRedis _primary;
        private readonly IConnectionMultiplexer _toReplica;

        public Pair(OwnRedis primary, OwnRedis replica)
        {
            (_primary, Replica) = (primary, replica);
            (Direct, _toReplica) = (OwnRedis.Connect(primary.Address), OwnRedis.Connect(replica.Address));
            Replicated = new ReplicatedRedis(() => OwnRedis.Connect(primary.Address), replicas: 1);
        }

        public OwnRedis Replica { get; }

        public IConnectionMultiplexer Direct { get; }

        public ReplicatedRedis Replicated { get; }

        /// <summary>The units that the replica counts.</summary>
        public async Task<int> HeldByReplicaAsync(TestItem item) => (int)await _toReplica.GetDatabase().HashGetAsync(
            item.Keys.State, "held", CommandFlags.PreferReplica);

        public async ValueTask DisposeAsync()
        {
            Replicated.Dispose();
            await Direct.DisposeAsync();
            await _toReplica.DisposeAsync();
            await Replica.DisposeAsync();
            await _primary.DisposeAsync();
        }
    }
}
