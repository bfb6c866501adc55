
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: whatever process dies at whatever step, a confirmed order becomes one row. Broken by a step that takes an order out of
/// one place before it is in the next. Processes are killed for real (SIGKILL), because an exception or a cancelled token still
/// runs the clean-up that a crash does not.
/// </summary>
public sealed class CrashTests(StoreConnections servers)
{
    [Fact]
    public async Task Orders_of_an_API_that_died_before_it_could_publish_are_published_by_the_sweeper()
    {
        await using var installation = new Installation();
        var broker = installation.RelayToRabbitMq();
        broker.Refuse();
        var (api, worker, inventory) = (installation.StartApi(broker.Setting), installation.StartWorker(), installation.StartInventory());
        await Task.WhenAll(api.BecomesAsync(200, "degraded"), worker.BecomesAsync(200), inventory.BecomesAsync(200));
        var sale = await Sale.OpenAsync(inventory, units: 400);
        using var buyers = new Buyers(sale);

        await BuyAsync(buyers, api, orders: 400);
        await api.KillAsync();

        await Audit.WhenDrainedAsync(servers, buyers);
        Assert.Equal(400, await Books.CountRowsAsync(servers, sale));
    }

    [Fact]
    public async Task An_API_killed_under_load_loses_no_order_that_it_confirmed()
    {
        await using var installation = new Installation();
        var (victim, survivor) = (installation.StartApi(), installation.StartApi());
        var (worker, inventory) = (installation.StartWorker(), installation.StartInventory());
        await Installation.ReadyAsync(victim, survivor, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, victim, survivor);
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 200);

        await victim.KillAsync();

        var before = buyers.Accepted.Count();
        await Eventually.IsTrueAsync("the other API sells on", () => buyers.Accepted.Count() > before + 200);
        await crowd.LeavesAsync();
        await Audit.WhenDrainedAsync(servers, buyers);
    }

    [Fact]
    public async Task A_worker_killed_again_and_again_in_mid_drain_persists_every_order_once()
    {
        await using var installation = new Installation();
        // One order a message and one message at a time: a long queue of small steps to die between.
        var api = installation.StartApi(("Relay__MaxBatch", "1"));
        var inventory = installation.StartInventory();
        await Installation.ReadyAsync(api, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 3_000);
        using var buyers = new Buyers(sale);
        await BuyAsync(buyers, api, orders: 3_000);

        for (var kill = 1; kill <= 4; kill++)
        {
            var worker = installation.StartWorker(("Persistence__Prefetch", "1"));
            var rows = await Books.CountRowsAsync(servers, sale);
            await Eventually.IsTrueAsync("the worker persists", async () => await Books.CountRowsAsync(servers, sale) > rows);
            await worker.KillAsync();
            await Audit.NothingIsBetweenTheStoresAsync(servers, buyers);
        }

        installation.StartWorker();
        await Audit.WhenDrainedAsync(servers, buyers);
    }

    [Fact]
    public async Task A_worker_killed_between_commit_and_settle_leaves_orders_that_are_persisted_once()
    {
        await using var installation = new Installation();
        var redis = installation.RelayToRedis();
        var (api, inventory) = (installation.StartApi(), installation.StartInventory());
        // Copies of the first order may still be in the queue, and each waits for Redis then.
        var worker = installation.StartWorker(redis.Setting, ("Persistence__ConcurrentTransactions", "32"));
        await Installation.ReadyAsync(api, inventory, worker);
        var sale = await Sale.OpenAsync(inventory, units: 100);
        using var buyers = new Buyers(sale);

        await OneOrderGoesAllTheWayAsync(buyers, api);

        redis.Freeze();
        await BuyAsync(buyers, api, orders: 99);
        await Eventually.IsTrueAsync("a batch is committed", async () => await Books.CountRowsAsync(servers, sale) > 1);
        Assert.Equal(99, await Books.CountOutboxAsync(servers, sale));
        await worker.KillAsync();
        redis.Refuse();

        installation.StartWorker();
        await Audit.WhenDrainedAsync(servers, buyers);
    }

    [Fact]
    public async Task A_worker_killed_before_its_commit_leaves_orders_in_the_outbox()
    {
        await using var installation = new Installation();
        var postgres = installation.RelayToPostgres();
        var (api, inventory) = (installation.StartApi(), installation.StartInventory());
        var worker = installation.StartWorker(postgres.Setting);
        await Installation.ReadyAsync(api, inventory, worker);
        var sale = await Sale.OpenAsync(inventory, units: 100);
        using var buyers = new Buyers(sale);

        await OneOrderGoesAllTheWayAsync(buyers, api);

        // PostgreSQL gets the work and commits; the worker never hears of it. The other half of the orders never gets there.
        postgres.Freeze(toServer: false);
        await BuyAsync(buyers, api, orders: 50);
        await Eventually.IsTrueAsync("a batch is committed", async () => await Books.CountRowsAsync(servers, sale) > 1);
        postgres.Freeze();
        await BuyAsync(buyers, api, orders: 49);
        await Audit.NothingIsBetweenTheStoresAsync(servers, buyers);
        Assert.Equal(99, await Books.CountOutboxAsync(servers, sale));
        await worker.KillAsync();
        postgres.Refuse();

        installation.StartWorker();
        await Audit.WhenDrainedAsync(servers, buyers);
    }

    [Fact]
    public async Task An_API_that_is_told_to_stop_under_load_answers_whom_it_let_in_and_turns_away_the_rest()
    {
        await using var installation = new Installation();
        var (api, worker, inventory) = (installation.StartApi(), installation.StartWorker(), installation.StartInventory());
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        var gone = false;
        var crowd = Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            while (!Volatile.Read(ref gone))
            {
                await buyers.ClickAsync(api, buyers.NewUser());
            }
        }));
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 500);

        Assert.Equal(0, await api.StopAsync());

        Volatile.Write(ref gone, true);
        await crowd;
        // No request was let in and left without its answer: an order that exists is one that its buyer was told of.
        await Audit.WhenDrainedAsync(servers, buyers);
        Assert.Equal(buyers.Accepted.Count(), await Books.CountRowsAsync(servers, sale));
        Assert.DoesNotContain(buyers.Log, attempt => attempt.Code is "timeout");
    }

    private static Task BuyAsync(Buyers buyers, ServiceProcess api, int orders) => Crowd.AllAsync(Enumerable.Range(0, orders), async _ =>
        Assert.Equal(202, (await buyers.ClickAsync(api, buyers.NewUser(), Buyers.NewKey())).Status));

    /// <summary>Whatever other tests left in the queue is behind it then.</summary>
    private async Task OneOrderGoesAllTheWayAsync(Buyers buyers, ServiceProcess api)
    {
        await BuyAsync(buyers, api, orders: 1);
        await Audit.DrainedAsync(servers, buyers.Sale);
    }
}
