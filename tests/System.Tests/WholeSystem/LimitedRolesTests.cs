using System.Text.Json;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: a whole sale, from the migration job to the archive, needs no right that deploy/ does not give the role of each process, and a
/// process never changes a schema that is not its own. Broken by a statement, a command or a message that came without its right, which
/// only shows where the rights are few.
/// </summary>
public sealed class LimitedRolesTests(LimitedServers servers) : IClassFixture<LimitedServers>
{
    [Fact]
    public async Task A_whole_sale_needs_no_other_rights()
    {
        await using var installation = new Installation();
        var (api, worker) = (installation.StartApi(servers.SettingsOf("api")), installation.StartWorker(servers.SettingsOf("worker")));
        var inventory = installation.StartInventory(
            [.. servers.SettingsOf("inventory"), ("Auditor__LossIntervalMilliseconds", "200"), ("Auditor__IntervalMilliseconds", "500")]);
        ServiceProcess[] all = [api, worker, inventory];
        await Installation.ReadyAsync(all);
        await DualDatabases.AskAsync(api, change: new { mode = "shadow" });
        await Operator.AskAsync(inventory, HttpMethod.Put, "/denied-users/7", new { reason = "bot" });

        var sale = await Sale.OpenAsync(inventory, units: 40, items: 2, limitPerUser: 2, fitsLegacy: true, paymentTimeoutSeconds: 15);
        using var buyers = new Buyers(sale);
        var paid = await BuyAsync(buyers, api);
        var cancelled = await BuyAsync(buyers, api);
        var expired = await BuyAsync(buyers, api);
        Assert.Equal(new Answer(200, "accepted"), await buyers.PayAsync(api, "pay-1", paid.OrderId, Sale.UnitPrice));
        Assert.Equal(new Answer(200, "refund"), await buyers.PayAsync(api, "pay-2", paid.OrderId, Sale.UnitPrice));
        Assert.Equal(new Answer(200, "cancelled"), await buyers.CancelAsync(api, cancelled.UserId, cancelled.OrderId));
        await Eventually.IsTrueAsync("it expires", async () => (await buyers.LookAsync(api, expired)).OrderStatus == "expired");
        await DualDatabases.AskAsync(worker, "/backfill", method: HttpMethod.Post);
        await Eventually.IsTrueAsync("the legacy schema has them all", async () =>
            await DualDatabases.AskAsync(api) is var view && view.GetProperty("verified").GetInt64() >= 3
            && (await DualDatabases.AskAsync(worker, "/backfill")).GetProperty("state").GetString() == "finished");
        await BalancesAsync(sale, inventory);

        // Stock, and the loss of all that Redis had.
        await Operator.TryAsync(
            inventory, HttpMethod.Post, $"/sales/{sale.Id}/items/{sale.Skus[0]}/stock", new { delta = 5 }, Buyers.NewKey());
        await servers.Connections.Redis.ExecuteAsync("FLUSHALL");
        await Operator.RebuildAsync(inventory, sale.Id);
        Assert.Equal("paid", (await buyers.LookAsync(api, paid)).OrderStatus);
        var late = await BuyAsync(buyers, api);
        Assert.Equal(new Answer(200, "cancelled"), await buyers.CancelAsync(api, late.UserId, late.OrderId));
        await BalancesAsync(sale, inventory);

        await Operator.AskAsync(inventory, HttpMethod.Post, $"/sales/{sale.Id}/close");
        Assert.NotEmpty((await Operator.AskAsync(inventory, HttpMethod.Get, "/events")).EnumerateArray());
        await Eventually.IsTrueAsync("it can be archived", async () =>
            (await Operator.TryAsync(inventory, HttpMethod.Post, $"/sales/{sale.Id}/archive")).Answer.Status is 200 or 201);
        await Operator.AskAsync(inventory, HttpMethod.Delete, $"/buyers/{paid.UserId}");

        foreach (var service in all)
        {
            var output = await service.OutputAsync();
            Assert.DoesNotContain("permission denied", output, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("NOPERM", output, StringComparison.Ordinal);
            Assert.DoesNotContain("The user executing the script can't", output, StringComparison.Ordinal);
            Assert.DoesNotContain("ACCESS_REFUSED", output, StringComparison.OrdinalIgnoreCase);
            // The check of durability reads the settings of Redis.
            Assert.DoesNotContain("DurabilityCheck[", output, StringComparison.Ordinal);
            Assert.Equal(0, await service.StopAsync());
        }

        Assert.DoesNotContain("access_refused", servers.BrokerLog, StringComparison.OrdinalIgnoreCase);
        var refused = (StackExchange.Redis.RedisResult[])(await servers.Connections.Redis.ExecuteAsync("ACL", "LOG"))!;
        Assert.True(refused.Length == 0, string.Join('\n', refused.Select(entry => string.Join(' ', (string?[])entry!))));
    }

    [Fact]
    public async Task Without_the_right_to_migrate_a_process_says_what_to_run_and_waits_for_it()
    {
        await servers.CreateDatabaseAsync("not_migrated");
        await using var installation = new Installation();
        var worker = installation.StartWorker(servers.SettingsOf("worker", "not_migrated"));
        // The owner may, and is told not to.
        var inventory = installation.StartInventory(
        [
            .. servers.SettingsOf("inventory", "not_migrated"), (Servers.OrdersSetting, servers.PostgresOf("owner", "not_migrated")),
            ("Schema__MigrateAtStart", "false"),
        ]);
        foreach (var service in new[] { worker, inventory })
        {
            await service.ListensAsync();
            await service.WritesAsync("Seckill.OrderService.dll migrate");
            Assert.Equal(503, (await service.ReadinessAsync()).Status);
            await HealthSaysAsync(service, "run the migration job");
        }

        Assert.Equal(0, await servers.Migrate(installation, "not_migrated").ExitsAsync());
        await Installation.ReadyAsync(worker, inventory);
        // May be repeated.
        Assert.Equal(0, await servers.Migrate(installation, "not_migrated").ExitsAsync());
        Assert.NotEqual(0, await servers.Migrate(installation, "nowhere").ExitsAsync());
    }

    private static async Task HealthSaysAsync(ServiceProcess service, string words)
    {
        using var http = new HttpClient();
        await Eventually.IsTrueAsync($"health says {words}", async () =>
        {
            using var answer = await http.GetAsync(new Uri(service.Url, "/health/ready"));
            return (await answer.Content.ReadAsStringAsync()).Contains(words, StringComparison.Ordinal);
        });
    }

    private static async Task<Attempt> BuyAsync(Buyers buyers, ServiceProcess api)
    {
        var order = await buyers.InsistAsync([api], buyers.NewUser());
        Assert.True(order.IsAccepted, order.ToString());
        return order;
    }

    private async Task BalancesAsync(Sale sale, ServiceProcess inventory)
    {
        await Audit.DrainedAsync(servers.Connections, sale);
        await Eventually.IsTrueAsync("the sale balances", async () =>
            (await sale.LedgerAsync(inventory)).GetProperty("balanced").ValueKind == JsonValueKind.True);
    }
}
