
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: every confirmed order is exactly one row, nothing is sold twice, nothing is left over, nobody gets more than the limit,
/// and an order can be looked up anywhere from the moment of its confirmation. Broken by a race between instances, a reservation
/// that is not atomic, a batch that is persisted twice or in part. Only the real processes on the real servers have those races.
/// </summary>
public sealed class WholeSaleTests(StoreConnections servers)
{
    [Fact]
    public async Task A_whole_sale_sells_every_unit_once_and_loses_no_confirmed_order()
    {
        await using var installation = new Installation();
        var (left, right) = (installation.StartApi(), installation.StartApi());
        var (worker, inventory) = (installation.StartWorker(), installation.StartInventory());
        await Installation.ReadyAsync(left, right, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 500, items: 2, limitPerUser: 2);
        using var buyers = new Buyers(sale);
        await using var watch = new StockWatch(servers, sale).Begin();

        await Crowd.AllAsync(Enumerable.Range(0, 1_500), async number =>
        {
            var (user, sku) = (buyers.NewUser(), sale.Skus[number % 2]);
            var (near, far) = number % 3 == 0 ? (left, right) : (right, left);
            var (key, quantity) = (number % 2 == 0 ? Buyers.NewKey() : null, 1 + (number % 5 == 0 ? 1 : 0));
            // A double click, at both instances at once; with a key the second is a retry, without it is another order.
            var both = await Task.WhenAll(
                buyers.ClickAsync(near, user, key, quantity, sku), buyers.ClickAsync(far, user, key, quantity, sku));
            foreach (var order in both.Where(click => click.IsAccepted))
            {
                // On a busy machine PostgreSQL may need longer than a buyer waits: then the answer is 503, and not a wrong one.
                var look = new Look(503, null, default);
                await Eventually.IsTrueAsync(
                    "the order can be read", async () => (look = await buyers.LookAsync(far, order)).Status != 503);
                Assert.True(look is { Status: 200, OrderStatus: "reserved" or "placed" }, $"{order} was answered {look}");
            }

            if (key is not null && both.Any(click => click.IsAccepted))
            {
                Assert.Equal(202, (await buyers.ClickAsync(far, user, key, quantity, sku)).Status);
                Assert.Equal("idempotency-key-reused", (await buyers.ClickAsync(near, user, key, quantity + 1, sku)).Code);
            }
        });

        await watch.EndAsync();
        await Audit.WhenDrainedAsync(servers, buyers);
        foreach (var sku in sale.Skus)
        {
            var books = await Books.ReadAsync(servers, sale, sku);
            Assert.Equal((0, sale.Units), (books.Available, books.LedgerLive));
        }

        Assert.DoesNotContain(buyers.Log, attempt => attempt.IsUnknown);
        Assert.Contains(buyers.Log, attempt => attempt.Code == "limit-reached");
        Assert.Contains(buyers.Log, attempt => attempt.Code == "sold-out");
    }

    [Fact]
    public async Task Opening_a_sale_again_and_again_at_two_inventories_never_adds_stock()
    {
        await using var installation = new Installation();
        var (api, worker) = (installation.StartApi(), installation.StartWorker());
        var (one, other) = (installation.StartInventory(), installation.StartInventory());
        await Installation.ReadyAsync(api, worker, one, other);
        var sale = await Sale.OpenAsync(one, units: 300);
        using var buyers = new Buyers(sale);
        await using var watch = new StockWatch(servers, sale).Begin();
        await using var crowd = new Crowd(buyers, api);

        await Crowd.AllAsync(Enumerable.Range(0, 200), number => sale.OpenAgainAsync(number % 2 == 0 ? one : other));

        await Eventually.IsTrueAsync("the sale is sold out", () => buyers.Log.Any(attempt => attempt.Code == "sold-out"));
        await Crowd.AllAsync(Enumerable.Range(0, 20), number => sale.OpenAgainAsync(number % 2 == 0 ? one : other));
        await crowd.LeavesAsync();
        await watch.EndAsync();
        await Audit.WhenDrainedAsync(servers, buyers);
        Assert.Equal(sale.Units, buyers.Accepted.Count());
    }

    [Fact]
    public async Task A_full_outbox_refuses_new_orders_until_a_worker_has_made_room()
    {
        await using var installation = new Installation();
        var (api, inventory) = (installation.StartApi(("Reservations__OutboxBound", "20")), installation.StartInventory());
        await Installation.ReadyAsync(api, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100);
        using var buyers = new Buyers(sale);
        for (var order = 1; order <= 20; order++)
        {
            Assert.Equal(202, (await buyers.ClickAsync(api, buyers.NewUser())).Status);
        }

        var refused = await buyers.ClickAsync(api, buyers.NewUser());
        Assert.Equal((503, "unavailable", true), (refused.Status, refused.Code, refused.HasRetryAfter));
        Assert.Equal(80, (await Books.ReadAsync(servers, sale, sale.Skus[0])).Available);

        var worker = installation.StartWorker();
        Assert.Equal(202, (await buyers.InsistAsync([api], buyers.NewUser())).Status);
        await worker.BecomesAsync(200);
        await Audit.WhenDrainedAsync(servers, buyers);
    }
}
