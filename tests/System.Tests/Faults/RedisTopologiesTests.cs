using System.Text.Json;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: a sale with several items is sold wholly with Redis Cluster and behind Sentinels, also when a primary dies in its middle, and
/// readiness says which primary. With a promise that replicas have, nothing is lost on the way. Broken by a call or a check that asks one
/// server about the item of another. Mutants: WAIT at any server; a check that asks the first primary alone.
/// </summary>
public sealed class RedisTopologiesTests(StoreConnections servers)
{
    private const int Units = 30;
    private const int Items = 6;

    [Theory]
    [InlineData("cluster", 3)]
    [InlineData("sentinel", 1)]
    public async Task A_sale_is_sold_wholly_although_a_primary_dies(string topology, int primaries)
    {
        await using var redis = topology == "cluster"
            ? await OwnRedisGroup.StartClusterAsync() : await OwnRedisGroup.StartWithSentinelAsync();
        await using var installation = new Installation();
        var orders = (await installation.CreateDatabasesAsync(servers)).Settings.Single(setting => setting.Name == Servers.OrdersSetting);
        (string, string?)[] settings = [(Servers.RedisSetting, redis.ConnectionString), orders, ("Redis__Replicas", "1")];
        var (one, two) = (installation.StartApi(settings), installation.StartApi(settings));
        var (worker, inventory) = (installation.StartWorker(settings), installation.StartInventory(settings));
        await Installation.ReadyAsync(one, two, worker, inventory);
        await one.BecomesAsync(200, "healthy");
        Assert.Equal(redis.Primaries.Select(server => server.Address).Order(), await PrimariesAsync(one));
        Assert.Equal(primaries, redis.Primaries.Count);
        var sale = await Sale.OpenAsync(inventory, Units, Items);
        using var buyers = new Buyers(sale);
        await using var stores = new StoreConnections(redis.ConnectionString, orders.Value!);
        await SellAsync(0);

        var lost = await redis.OwnerAsync($"seckill:{{{sale.Id}:{sale.Skus[0]}}}:item");
        await lost.KillAsync();
        var selling = SellAsync(Units / 2);
        await Eventually.IsTrueAsync("another server is the primary", async () =>
            await PrimariesAsync(one) is var now && now.Length == primaries && !now.Contains(lost.Address));
        // As a replica now: without one nothing is promised.
        lost.Restart();
        await selling;

        await one.BecomesAsync(200, "healthy");
        await Audit.WhenRebuiltAsync(stores, buyers);
        foreach (var sku in sale.Skus)
        {
            var books = await Books.ReadAsync(stores, sale, sku);
            Assert.Equal((Units, 0, 0), (books.LedgerLive, books.Available, books.Quarantined));
            Assert.Equal(Units, books.Rows.Count(row => row.Status == "placed"));
        }

        Assert.DoesNotContain(buyers.Log, attempt => attempt.Status is not (202 or 503));

        Task SellAsync(int first) => Crowd.AllAsync(
            from unit in Enumerable.Range(first, Units / 2) from sku in sale.Skus select sku,
            sku => buyers.InsistAsync([one, two], buyers.NewUser(), sku: sku));
    }

    private static async Task<string?[]> PrimariesAsync(ServiceProcess service) =>
        (await Operator.TryAsync(service, HttpMethod.Get, "/health/ready")).Body is { ValueKind: JsonValueKind.Object } body
        && body.GetProperty("entries").GetProperty("redis").GetProperty("data").TryGetProperty("primaries", out var names)
            ? [.. names.EnumerateArray().Select(name => name.GetString()).Order()] : [];
}
