using System.Text.Json;
using Dapper;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: when the orders database comes back from a backup of mid-sale, no order since is lost: their holds are in Redis. The
/// steps are those of "Backup and restore" in docs/OPERATIONS.md, in their order. Broken by anything that lets an order that was
/// cancelled since take the room of the one that bought its unit, or that sends the money of a lost order back.
/// </summary>
public sealed class RestoreTests
{
    [Fact]
    public async Task Orders_that_a_restored_database_lacks_come_back_from_Redis()
    {
        await using var stores = await OwnStores.StartAsync();
        await using var installation = new Installation();
        var (api, worker) = (installation.StartApi(stores.Settings), installation.StartWorker(stores.Settings));
        var inventory = installation.StartInventory(stores.Settings);
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 30);
        using var buyers = new Buyers(sale);
        var before = await BuyAsync(buyers, api, 20);
        await Audit.DrainedAsync(stores.Connections, sale);
        await stores.BackUpAsync();

        // What PostgreSQL will have forgotten: four cancel and others buy their units, and people pay.
        Attempt[] cancelled = [.. before.Take(4)];
        foreach (var order in cancelled)
        {
            Assert.Equal(new Answer(200, "cancelled"), await buyers.CancelAsync(api, order.UserId, order.OrderId));
        }

        await Eventually.IsTrueAsync("the units are for sale again", async () => (await ReadAsync(stores, sale)).Available == 14);
        var since = await BuyAsync(buyers, api, 12);
        await Audit.DrainedAsync(stores.Connections, sale);
        Attempt[] paid = [.. before.Skip(4).Take(4), .. since.Take(3)];
        Assert.All(await PayAsync(buyers, api, paid), outcome => Assert.Equal("accepted", outcome));

        // 1. Nobody but the storefront works on, and it sells the rest.
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(0, await inventory.StopAsync());
        await BuyAsync(buyers, api, 2);

        // 2, 3. Beside the old one, and with an auditor that only looks when it is asked.
        await stores.RestoreBesideAsync();
        var repairer = installation.StartInventory(
            [.. stores.RestoredSettings, ("Auditor__IntervalMilliseconds", "3600000"), ("Rebuild__Automatic", "false")]);
        await Installation.ReadyAsync(repairer);
        // An order younger than Auditor:LateOrderMilliseconds may still get its hold, and a quick machine is here before that.
        await Eventually.IsTrueAsync("an audit sees what each store lacks", async () =>
            CountByKind(await sale.AuditAsync(repairer)).SequenceEqual([("lost-order", 12), ("missing-hold", 4)]));
        await Eventually.IsTrueAsync("the books balance", async () =>
            (await sale.AuditAsync(repairer, "?repair=true&newer=redis")).GetProperty("balanced").GetBoolean());
        Assert.Equal(0, await repairer.StopAsync());

        // 4, 5. The provider tells again of every payment since, before a worker lets anything expire.
        await stores.SwitchToRestoredAsync();
        Assert.All(await PayAsync(buyers, api, paid), outcome => Assert.Equal("accepted", outcome));

        // 6. Everybody works.
        installation.StartWorker(stores.Settings);
        await Installation.ReadyAsync(inventory = installation.StartInventory(stores.Settings));
        await Audit.DrainedAsync(stores.Connections, sale);

        var rows = (await ReadAsync(stores, sale)).Rows.ToDictionary(row => row.OrderId, row => row.Status);
        Assert.All(buyers.Accepted, order => Assert.Equal(
            cancelled.Contains(order) ? "cancelled" : paid.Contains(order) ? "paid" : "placed", rows.GetValueOrDefault(order.OrderId)));
        Assert.Equal(34, rows.Count);
        var books = await ReadAsync(stores, sale);
        Assert.Equal((0, 30, 30), (books.Available, books.Held, books.LedgerLive));
        Assert.True((await sale.AuditAsync(inventory)).GetProperty("balanced").GetBoolean());
        await using var database = await stores.Connections.Orders.OpenConnectionAsync();
        Assert.Equal(0, await database.ExecuteScalarAsync<int>("select count(*) from refunds"));
    }

    private static IEnumerable<(string Kind, int Findings)> CountByKind(JsonElement audit) =>
        audit.GetProperty("items")[0].GetProperty("findings").EnumerateArray()
            .CountBy(finding => finding.GetProperty("kind").GetString()!).Select(kind => (kind.Key, kind.Value)).Order();

    private static Task<Books> ReadAsync(OwnStores stores, Sale sale) => Books.ReadAsync(stores.Connections, sale, sale.Skus[0]);

    private static async Task<Attempt[]> BuyAsync(Buyers buyers, ServiceProcess api, int orders)
    {
        var bought = await Task.WhenAll(Enumerable.Range(0, orders).Select(_ => buyers.ClickAsync(api, buyers.NewUser())));
        Assert.All(bought, attempt => Assert.True(attempt.IsAccepted, attempt.ToString()));
        return bought;
    }

    // Until it is heard, as a provider does.
    private static Task<string?[]> PayAsync(Buyers buyers, ServiceProcess api, Attempt[] orders) =>
        Task.WhenAll(orders.Select(async order =>
        {
            Answer answer = new(0, null);
            await Eventually.IsTrueAsync("the payment is heard", async () =>
                (answer = await buyers.PayAsync(api, "pay-" + order.OrderId, order.OrderId, Sale.UnitPrice)).Status == 200);
            return answer.Said;
        }));
}
