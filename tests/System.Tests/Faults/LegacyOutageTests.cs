
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: whatever becomes of the legacy database, no sale notices. Orders are accepted and persisted as before, buyers who read
/// the legacy side read ours, and after its return both agree. Broken by anything in the way of an order that waits for it.
/// </summary>
public sealed class LegacyOutageTests(StoreConnections servers, ITestOutputHelper output)
{
    [Theory]
    [InlineData("refused")]
    [InlineData("frozen")]
    [InlineData("stopped")]
    [InlineData("renamed")]
    public async Task The_sale_goes_on_while_the_legacy_database_is_away_and_afterwards_both_agree(string how)
    {
        await using var installation = new Installation();
        var server = how == "stopped" ? await installation.StartPostgresAsync() : null;
        var databases = await installation.CreateDatabasesAsync(servers, server);
        var settings = databases.SettingsWithoutHaste;
        var (api, other, worker) = (installation.StartApi(settings), installation.StartApi(settings), installation.StartWorker(settings));
        var inventory = installation.StartInventory(databases.Settings);
        await Installation.ReadyAsync(api, other, worker, inventory);
        await databases.NumberItemsApartAsync();
        await DualDatabases.AskAsync(api, change: new { mode = "dual", readFromNewPercent = 0 });
        var sale = await Sale.OpenAsync(inventory, units: 100_000, fitsLegacy: true);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, api, other);
        await Eventually.IsTrueAsync("orders are verified", async () => await VerifiedAsync(api) > 200);
        var before = buyers.Accepted.ToList();
        // The first of one API may be placed long after the two hundredth of the other.
        await Eventually.IsTrueAsync("those that are looked up are placed", async () => (await Task.WhenAll(
            before.Take(60).Select(order => buyers.LookAsync(api, order)))).All(look => look.OrderStatus == "placed"));

        switch (how)
        {
            case "refused":
                databases.Relay.Refuse();
                break;
            case "frozen":
                databases.Relay.Freeze();
                break;
            case "stopped":
                server!.Freeze();
                break;
            default:
                await databases.TheirsAsync("alter table t_order rename column uid to user_id");
                break;
        }

        // Readers notice by themselves, each within a few reads, and are answered meanwhile.
        var looks = await LookAsync();
        await Eventually.IsTrueAsync("the breaker is open", async () => await BreakerAsync(api) != "closed");
        var later = await LookAsync();
        var (accepted, rows) = (buyers.Accepted.Count(), await Books.CountRowsAsync(databases.Connections, sale));
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > accepted + 300);
        await Eventually.IsTrueAsync(
            "orders are persisted", async () => await Books.CountRowsAsync(databases.Connections, sale) > rows + 300);
        Assert.True((await DualDatabases.AskAsync(api)).GetProperty("pending").GetInt64() > 0);
        await Audit.NothingIsBetweenTheStoresAsync(databases.Connections, buyers);

        databases.Relay.Resume();
        server?.Resume();
        if (how == "renamed")
        {
            await databases.TheirsAsync("alter table t_order rename column user_id to uid");
        }

        await crowd.LeavesAsync();
        await Audit.WhenDrainedAsync(databases.Connections, buyers);
        Assert.All(buyers.Log, attempt => Assert.Equal(202, attempt.Status));
        Assert.Equal(buyers.Accepted.Count(), await databases.AgreeAsync(api));
        Assert.Equal(0, await databases.OursAsync<long>("select count(*) from legacy_discrepancies"));
        await Task.WhenAll(api.BecomesAsync(200, "healthy"), other.BecomesAsync(200, "healthy"), worker.BecomesAsync(200, "healthy"));
        var slowest = (Of(before), Of([.. buyers.Accepted.Skip(before.Count)]));
        output.WriteLine(
            $"Legacy {how}: slowest look at once {looks.Max(look => look.Took)}, with the breaker open {later.Max(look => look.Took)}; "
            + $"p99 of an order before {slowest.Item1}, since {slowest.Item2}.");

        // Our own database may be slow on a busy machine, which is a 503 with Retry-After: a client asks again.
        Task<Look[]> LookAsync() => Task.WhenAll(before.Take(60).Select(async (order, n) =>
        {
            var look = default(Look)!;
            await Eventually.IsTrueAsync("the order is shown", async () =>
            {
                look = await buyers.LookAsync(n % 2 == 0 ? api : other, order);
                Assert.True(look.Status is 200 or 503);
                return (look.Status, look.OrderStatus) == (200, "placed");
            });
            return look;
        }));
    }

    private static async Task<long> VerifiedAsync(ServiceProcess service) =>
        (await DualDatabases.AskAsync(service)).GetProperty("verified").GetInt64();

    private static async Task<string?> BreakerAsync(ServiceProcess service) =>
        (await DualDatabases.AskAsync(service)).GetProperty("breaker").GetString();

    private static TimeSpan Of(List<Attempt> attempts) =>
        attempts.Select(attempt => attempt.Took).Order().ElementAt(attempts.Count * 99 / 100);
}
