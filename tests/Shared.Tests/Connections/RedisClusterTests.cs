using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Seckill.Shared.Connections;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Promise: with Redis Cluster each item is sold by the master that has it, and each check asks every master. Broken by a call without a
/// key, which goes to any of them: WAIT, TIME, CONFIG, INFO. Mutants: each of these calls sent to the first master.
/// </summary>
public sealed class RedisClusterTests : IAsyncLifetime
{
    private OwnRedisGroup _cluster = null!;
    private IConnectionMultiplexer _redis = null!;

    [Fact]
    public async Task Items_of_all_masters_sell_their_checks_ask_all_masters_and_a_lost_replica_stops_the_items_of_its_master_alone()
    {
        using var replicated = new ReplicatedRedis(() => OwnRedis.Connect(_cluster.ConnectionString), replicas: 1);
        replicated.Connect();
        var ledger = new StockLedger(_redis, replicated);
        var items = await ItemsOfEachMasterAsync();
        foreach (var item in items.Values)
        {
            Assert.Equal(WarmOutcome.Created, await ledger.WarmAsync(item.Keys, item.Plan()).InTime());
            Assert.Equal(ReserveOutcome.Reserved, await ReserveAsync(ledger, item, 1));
            Assert.True(await new StockRepair(_redis).DeadlineAsync(item.Keys).InTime() > 0);
        }

        await AssertChecksAskAllMastersAsync();

        // Of each master in turn: its replica is the only one that the WAIT for its items counts.
        foreach (var (master, item) in items)
        {
            var replica = await ReplicaOfAsync(master);
            await replica.FreezeAsync();
            await Assert.ThrowsAsync<TimeoutException>(() => ReserveAsync(ledger, item, 2));
            foreach (var other in items.Where(other => other.Key != master))
            {
                Assert.Equal(ReserveOutcome.Reserved, await ReserveAsync(ledger, other.Value, 100 + master.Port));
            }

            await replica.ThawAsync();
        }
    }

    public async ValueTask InitializeAsync()
    {
        _cluster = await OwnRedisGroup.StartClusterAsync();
        _redis = OwnRedis.Connect(_cluster.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    private async Task AssertChecksAskAllMastersAsync()
    {
        var check = new ReplicaCheck(_redis, Options.Create(new RedisOptions { Replicas = 1 }));
        var context = new HealthCheckContext { Registration = new("replicas", check, HealthStatus.Degraded, []) };
        Assert.Equal(HealthStatus.Healthy, (await check.CheckHealthAsync(context, CancellationToken.None)).Status);
        Assert.Empty(await DurabilityCheck.FindWeakSettingsAsync(_redis).InTime());
        foreach (var master in _cluster.Primaries)
        {
            await master.CommandAsync("config", "set", "appendfsync", "everysec");
            Assert.Equal(master.Address, Assert.Single(await DurabilityCheck.FindWeakSettingsAsync(_redis).InTime()).Server);
            await master.CommandAsync("config", "set", "appendfsync", "always");

            var replica = await ReplicaOfAsync(master);
            await replica.KillAsync();
            await Eventually.IsTrueAsync("the missing replica is reported", async () =>
                await check.CheckHealthAsync(context, CancellationToken.None) is { Status: HealthStatus.Degraded } now
                && now.Data["primary"].Equals(master.Address));
            replica.Restart();
            await replica.SaysAsync("the replica follows", "info replication", "master_link_status:up");
        }
    }

    private async Task<Dictionary<OwnRedis, TestItem>> ItemsOfEachMasterAsync()
    {
        var items = new Dictionary<OwnRedis, TestItem>();
        while (items.Count < _cluster.Primaries.Count)
        {
            var item = new TestItem();
            items[await _cluster.OwnerAsync(item.Keys.State)] = item;
        }

        return items;
    }

    private async Task<OwnRedis> ReplicaOfAsync(OwnRedis master)
    {
        // The nodes tell each other who follows whom.
        string? replica = null;
        await Eventually.IsTrueAsync("the master knows its replica", async () =>
        {
            var nodes = (await _redis.GetServer(master.Address).ClusterNodesAsync())!.Nodes;
            var id = nodes.SingleOrDefault(node => node.EndPoint?.ToString() == master.Address)?.NodeId;
            replica = nodes.SingleOrDefault(node => node.ParentNodeId is { } followed && followed == id)?.EndPoint?.ToString();
            return replica is not null;
        });
        return _cluster.At(replica!);
    }

    private static async Task<ReserveOutcome> ReserveAsync(StockLedger ledger, TestItem item, int user)
    {
        var batch = new ReserveBatch(1);
        var suffix = new byte[OrderId.SuffixLength];
        OrderId.FillSuffix(suffix);
        batch.Add(suffix, user, 1, null);
        await ledger.ReserveAsync(item.Keys, batch, TestItem.NoBound).InTime();
        return batch.Outcome(0, out _);
    }
}
