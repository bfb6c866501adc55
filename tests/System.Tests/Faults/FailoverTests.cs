using System.Diagnostics;
using System.Text.Json;
using Dapper;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: a failover of Redis that loses writes stops only the items that lost some. They are rebuilt and sell again by themselves,
/// everything is sold in the end, the books balance, and units that were promised twice are rejected in sight. Real servers: the replica is
/// cut off, the primary is killed, the replica is promoted. Mutants: a rebuild that waits for an operator; the mark that stops all items.
/// </summary>
public sealed class FailoverTests(ITestOutputHelper output)
{
    private const int Units = 2_000;

    [Fact]
    public async Task A_failover_that_loses_writes_stops_only_the_items_that_lost_some_and_nobody_has_to_be_called()
    {
        await using var stores = await OwnStores.StartAsync();
        await using var replica = await stores.StartReplicaAsync();
        await using var installation = new Installation();
        var settings = stores.SettingsWith(replica);
        var (one, two) = (installation.StartApi(settings), installation.StartApi(settings));
        var (worker, inventory) = (installation.StartWorker(settings), installation.StartInventory(settings));
        await Installation.ReadyAsync(one, two, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, Units, items: 2);
        using var buyers = new Buyers(sale);
        var (busy, quiet) = (sale.Skus[0], sale.Skus[1]);
        await Crowd.AllAsync(Enumerable.Range(0, 50), _ => buyers.ClickAsync(one, buyers.NewUser(), sku: quiet));
        await Eventually.IsTrueAsync("the orders are placed", async () => await Books.CountOutboxAsync(stores.Connections, sale) == 0);
        await using var crowd = new Crowd(buyers, one, two);
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 150);

        await replica.CutOffAsync();
        var kept = buyers.Accepted.Count();
        await Eventually.IsTrueAsync("the replica misses orders", () => buyers.Accepted.Count() > kept + 100);
        await stores.KillAsync();
        await replica.PromoteAsync();
        var promoted = Stopwatch.GetTimestamp();
        await using var after = stores.ConnectTo(replica);

        await Eventually.IsTrueAsync("the item that lost orders is rebuilt", async () => await EpochAsync(after, sale, busy) == 2);
        output.WriteLine($"It was rebuilt {Stopwatch.GetElapsedTime(promoted).TotalSeconds:0.0} s after the promotion.");
        await Eventually.IsTrueAsync("everything is sold", () => buyers.Log.Any(attempt => attempt.Code == "sold-out"));
        await crowd.LeavesAsync();
        await Crowd.AllAsync(Enumerable.Range(0, Units), _ => buyers.ClickAsync(two, buyers.NewUser(), sku: quiet));
        Assert.Equal(1, await EpochAsync(after, sale, quiet));
        Assert.Equal("open", await after.Redis.HashGetAsync(Key(sale, quiet), "state"));

        await Audit.WhenRebuiltAsync(after, buyers);
        foreach (var sku in sale.Skus)
        {
            var books = await Books.ReadAsync(after, sale, sku);
            var promised = buyers.Accepted.Where(attempt => attempt.SkuId == sku).Select(attempt => attempt.OrderId).Distinct().Count();
            var rejected = books.Rows.Count(row => row.Status == "rejected");
            output.WriteLine($"SKU {sku}: {promised} promised, {rejected} rejected.");
            Assert.Equal((Units, 0), (books.LedgerLive, books.Available));
            Assert.InRange(promised, Units / 2, Units + rejected);
            Assert.True(sku == busy || rejected == 0, "Of the item that lost nothing, no order is rejected.");
        }

        await Eventually.IsTrueAsync("the ledger is balanced", async () =>
            (await sale.LedgerAsync()).GetProperty("balanced").ValueKind == JsonValueKind.True);
    }

    /// <summary>Mutants: the 202 does not wait for the replica; what no replica has counts as known, and its loss stops the item.</summary>
    [Fact]
    public async Task With_a_replicated_promise_a_failover_loses_nothing_and_stops_nothing()
    {
        await using var stores = await OwnStores.StartAsync();
        await using var replica = await stores.StartReplicaAsync();
        await using var spare = await stores.StartReplicaAsync();
        await spare.CutOffAsync();
        await using var installation = new Installation();
        (string, string?)[] settings = [.. stores.SettingsWith(replica), ("Redis__Replicas", "1")];
        var (one, two) = (installation.StartApi(settings), installation.StartApi(settings));
        // As in production: what was reserved and not promised is not swept before the failover.
        var (worker, inventory) = (
            installation.StartWorker(settings), installation.StartInventory([.. settings, ("Sweeper__MinimumAgeMilliseconds", "5000")]));
        await Installation.ReadyAsync(one, two, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, one, two);
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 200);

        await replica.CutOffAsync();
        await Eventually.IsTrueAsync("nothing is promised any more", () => buyers.Log.Any(attempt => attempt.Status == 503));
        var before = buyers.Accepted.Count();
        await stores.KillAsync();
        await replica.PromoteAsync();
        await spare.FollowsAsync(replica.Port);
        await using var after = stores.ConnectTo(replica);
        var first = await Eventually.IsTrueAsync("orders are promised again", () => buyers.Accepted.Count() > before);
        output.WriteLine($"The first promise came {first.TotalSeconds:0.0} s after the new primary had its replica.");
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > before + 200);
        await crowd.LeavesAsync();
        await Audit.WhenRebuiltAsync(after, buyers);
        Assert.Equal(1, await EpochAsync(after, sale, sale.Skus[0]));
        Assert.All((await Books.ReadAsync(after, sale, sale.Skus[0])).Rows, row => Assert.Equal("placed", row.Status));
    }

    private static string Key(Sale sale, long sku) => $"seckill:{{{sale.Id}:{sku}}}:item";

    private static async Task<int> EpochAsync(StoreConnections stores, Sale sale, long sku)
    {
        await using var database = await stores.Orders.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<int>(
            "select epoch from sale_items where sale_id = @Id and sku_id = @sku and lost_at is null", new { sale.Id, sku });
    }
}
