using System.Text.Json;
using Dapper;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: a process that dies in a rebuild, at whatever step, leaves an item that sells nothing, and the next rebuild is as right as
/// if nobody had begun one. Broken by a step that opens the item too early, or that the second rebuild counts again. Real data are
/// lost, and the process kills itself (SIGKILL) before each step of <c>RebuildStep</c>, one after the other.
/// </summary>
public sealed class RebuildCrashTests
{
    private static readonly string[] s_steps = ["Fence", "Mark", "Drain", "Reset", "Restore", "RestoreRest", "Epoch", "Reopen"];

    // Impatient, and a few orders in a batch, so that there are several.
    private static readonly (string, string?)[] s_automatic =
    [
        ("Rebuild__IntervalMilliseconds", "50"), ("Rebuild__MaxBatch", "3"),
        ("Auditor__LossIntervalMilliseconds", "100"), ("Auditor__IntervalMilliseconds", "500"),
    ];

    [Fact]
    public async Task A_rebuild_that_is_killed_before_any_of_its_steps_is_made_anew_and_right_by_the_next_process()
    {
        await using var stores = await OwnStores.StartAsync();
        await using var installation = new Installation();
        var failPoint = Path.Combine(Path.GetTempPath(), $"seckill-fail-point-{Guid.NewGuid():N}");
        (string, string?)[] settings = [.. stores.Settings, .. s_automatic, ("SECKILL_FAIL_POINT", failPoint)];
        var (api, worker) = (installation.StartApi(stores.Settings), installation.StartWorker(stores.Settings));
        var inventory = installation.StartInventory(settings);
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 200);
        using var buyers = new Buyers(sale);
        var epoch = 1;

        foreach (var step in s_steps)
        {
            await BuyPayAndCancelAsync(buyers, api);
            await File.WriteAllTextAsync(failPoint, "12-" + step, TestContext.Current.CancellationToken);
            await stores.EmptyAsync();
            await inventory.ExitsAsync();
            Assert.False(File.Exists(failPoint), $"It did not die of the fail point, but before {step}.");

            // Nobody is there to rebuild it.
            await Crowd.AllAsync(Enumerable.Range(0, 4), async _ => AssertRefused(await buyers.ClickAsync(api, buyers.NewUser()), step));
            inventory = installation.StartInventory(settings);
            // Killed between the count of the epoch and the opening, a rebuild has counted and not ended: the next one counts again.
            var least = epoch + (step == "Reopen" ? 2 : 1);
            await Eventually.IsTrueAsync($"the item sells again after {step}", async () =>
            {
                var click = await buyers.ClickAsync(api, buyers.NewUser(), Buyers.NewKey());
                if (!click.IsAccepted)
                {
                    AssertRefused(click, step);
                }

                return click.IsAccepted;
            });
            await Audit.WhenRebuiltAsync(stores.Connections, buyers);
            await Eventually.IsTrueAsync("both stores have the item open in the same epoch", async () =>
            {
                var (state, inRedis, inPostgres) = await StateAsync(stores, sale);
                epoch = inRedis;
                return state == "open" && inRedis == inPostgres && inRedis >= least;
            });
        }

        await inventory.BecomesAsync(200);
        await Eventually.IsTrueAsync("the ledger is balanced", async () =>
            (await sale.LedgerAsync(inventory)).GetProperty("balanced").ValueKind == JsonValueKind.True);
    }

    /// <summary>Some orders are live, one of them paid, and one has been closed; the messages of some are still under way.</summary>
    private static async Task BuyPayAndCancelAsync(Buyers buyers, ServiceProcess api)
    {
        var orders = new Attempt[8];
        await Crowd.AllAsync(Enumerable.Range(0, orders.Length), async i =>
        {
            // An audit that began before the rebuild may stop the item once more, until the next one.
            orders[i] = await buyers.InsistAsync([api], buyers.NewUser(), Buyers.NewKey());
            Assert.Equal(202, orders[i].Status);
        });
        Assert.Equal(new Answer(200, "accepted"), await buyers.PayAsync(api, orders[0].OrderId, orders[0].OrderId, Sale.UnitPrice));
        Assert.Equal(new Answer(200, "cancelled"), await buyers.CancelAsync(api, orders[1].UserId, orders[1].OrderId));
    }

    private static void AssertRefused(Attempt click, string step) =>
        Assert.True(click is { Status: 503, Code: "unavailable", HasRetryAfter: true }, $"After a kill before {step}: {click}");

    private static async Task<(string? State, int InRedis, int InPostgres)> StateAsync(OwnStores stores, Sale sale)
    {
        var item = await stores.Connections.Redis.HashGetAsync($"seckill:{{{sale.Id}:{sale.Skus[0]}}}:item", ["state", "epoch"]);
        await using var database = await stores.Connections.Orders.OpenConnectionAsync();
        return (item[0], (int)item[1], await database.ExecuteScalarAsync<int>(
            "select epoch from sale_items where sale_id = @Id and lost_at is null", new { sale.Id }));
    }
}
