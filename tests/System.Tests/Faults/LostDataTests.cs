using System.Text.Json;
using Dapper;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: when Redis loses data in mid-sale, the sale stops by itself within seconds, is rebuilt from PostgreSQL, and goes on; units
/// are never in two orders, and the books balance afterwards. Broken by anything that sells from the old counters or counts an order
/// twice. A Redis and a database of the scenario's own, because they really lose their data.
/// </summary>
public sealed class LostDataTests(ITestOutputHelper output)
{
    // Impatient, and one order in a step of the rebuild: long enough to die in.
    private static readonly (string, string?)[] s_automatic =
    [
        ("Rebuild__IntervalMilliseconds", "100"), ("Rebuild__MaxBatch", "1"),
        ("Auditor__LossIntervalMilliseconds", "200"), ("Auditor__IntervalMilliseconds", "500"),
    ];

    private static readonly (string, string?) s_byHand = ("Rebuild__Automatic", "false");

    [Fact]
    public async Task A_sale_goes_on_after_Redis_was_emptied_and_the_process_that_rebuilt_it_was_killed()
    {
        await using var stores = await OwnStores.StartAsync();
        await using var installation = new Installation();
        var (api, worker) = (installation.StartApi(stores.Settings), installation.StartWorker(stores.Settings));
        var (first, second) = (
            installation.StartInventory([.. stores.Settings, s_byHand]),
            installation.StartInventory([.. stores.Settings, s_byHand, ("Rebuild__MaxBatch", "1")]));
        await Installation.ReadyAsync(api, worker, first, second);
        var sale = await Sale.OpenAsync(first, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, api);
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 300);

        await stores.EmptyAsync();
        await Eventually.IsTrueAsync("the item is stopped", async () => await StateAsync(stores, sale) == "lost");
        await Eventually.IsTrueAsync("buyers are told to try again", () => buyers.Log.Any(attempt => attempt.Status == 503));
        Assert.All(buyers.Log.Where(attempt => attempt.Status != 202), attempt =>
            Assert.Equal((503, "unavailable", true), (attempt.Status, attempt.Code, attempt.HasRetryAfter)));

        // With Rebuild:Automatic = false it stays stopped until an operator asks one process. It dies, and another ends the job unasked.
        await Operator.AskAsync(second, HttpMethod.Post, $"/sales/{sale.Id}/rebuild");
        await Eventually.IsTrueAsync("a rebuild gives holds back", async () =>
            await stores.Connections.Redis.HashLengthAsync($"seckill:{{{sale.Id}:{sale.Skus[0]}}}:holds") is > 0);
        await second.KillAsync();
        var rebuilt = await Eventually.IsTrueAsync("the item sells again", async () => await StateAsync(stores, sale) == "open");
        await GoesOnAsync(stores, buyers, crowd);
        await Eventually.IsTrueAsync("the job is done", async () => (await Operator.AskAsync(
            first, HttpMethod.Get, $"/sales/{sale.Id}/rebuild")).GetProperty("state").GetString() == "done");
        output.WriteLine($"The rebuild ended {rebuilt} after the death of the process that worked on it.");
    }

    [Fact]
    public async Task A_sale_goes_on_after_Redis_was_put_back_to_an_older_copy()
    {
        await using var stores = await OwnStores.StartAsync();
        await using var installation = new Installation();
        var (api, worker) = (installation.StartApi(stores.Settings), installation.StartWorker(stores.Settings));
        var inventory = installation.StartInventory([.. stores.Settings, .. s_automatic]);
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, api);
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 200);
        var copy = stores.Copy();
        var mark = await MarkAsync(stores);
        var before = buyers.Accepted.Count();
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > before + 200);
        await Eventually.IsTrueAsync("the mark is higher than in the copy", async () => await MarkAsync(stores) > mark + 1);

        await stores.RestartFromAsync(copy);

        var rebuilt = await Eventually.IsTrueAsync("the item is rebuilt", async () => await EpochAsync(stores, sale) == 2);
        await GoesOnAsync(stores, buyers, crowd);
        await inventory.WritesAsync(@"LossWatch\[431]");
        output.WriteLine($"Noticed and rebuilt {rebuilt} after the start of the older copy.");
        copy.Delete(recursive: true);
    }

    private static async Task GoesOnAsync(OwnStores stores, Buyers buyers, Crowd crowd)
    {
        var before = buyers.Accepted.Count();
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > before + 200);
        await crowd.LeavesAsync();
        await Audit.WhenRebuiltAsync(stores.Connections, buyers);
        await Eventually.IsTrueAsync("the ledger is balanced", async () =>
            (await buyers.Sale.LedgerAsync()).GetProperty("balanced").ValueKind == JsonValueKind.True);
    }

    private static async Task<string?> StateAsync(OwnStores stores, Sale sale) =>
        await stores.Connections.Redis.HashGetAsync($"seckill:{{{sale.Id}:{sale.Skus[0]}}}:item", "state");

    private static async Task<long> MarkAsync(OwnStores stores) =>
        (long)await stores.Connections.Redis.HashGetAsync("seckill:mark", "value");

    private static async Task<int> EpochAsync(OwnStores stores, Sale sale)
    {
        await using var database = await stores.Connections.Orders.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<int>(
            "select epoch from sale_items where sale_id = @Id and lost_at is null", new { sale.Id });
    }
}
