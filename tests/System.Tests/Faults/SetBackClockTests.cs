using System.Text.Json;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: no order lost, also when the clock of Redis is set back by an hour. Broken by a sweeper, and by an age, that take an order
/// from the future for a new one: it would stay reserved, unseen, until the clock had caught up. A real Redis whose clock is really set
/// back, because what its scripts read cannot be had otherwise.
/// </summary>
public sealed class SetBackClockTests
{
    [Fact]
    public async Task An_order_whose_process_died_is_placed_although_the_clock_of_Redis_was_set_back_by_an_hour()
    {
        await using var stores = await OwnStores.StartAsync(hasClock: true);
        await using var installation = new Installation();
        var broker = installation.RelayToRabbitMq();
        var inventory = installation.StartInventory([.. stores.Settings, broker.Setting]);
        var (api, worker) = (installation.StartApi([.. stores.Settings, broker.Setting]), installation.StartWorker(stores.Settings));
        await Installation.ReadyAsync(api, inventory, worker);
        var sale = await Sale.OpenAsync(inventory, units: 100);
        using var buyers = new Buyers(sale);
        broker.Refuse();
        await Crowd.AllAsync(Enumerable.Range(0, 20), _ => buyers.ClickAsync(api, buyers.NewUser()));
        await api.KillAsync();

        await stores.SetRedisClockAsync(-3_600);
        var seen = 0.0;
        await Eventually.IsTrueAsync("the age shows that they are late", async () =>
        {
            var outbox = await Operator.AskAsync(inventory, HttpMethod.Get, "/outbox");
            seen = outbox.EnumerateArray().Select(item => item.GetProperty("oldestSeconds").GetDouble()).Max();
            return seen > 3_000;
        });
        broker.Resume();
        await Eventually.IsTrueAsync("each has its row", async () => await Books.CountRowsAsync(stores.Connections, sale) == 20);
        await Audit.DrainedAsync(stores.Connections, sale);
        Assert.Equal(20, buyers.Accepted.Count());
    }
}
