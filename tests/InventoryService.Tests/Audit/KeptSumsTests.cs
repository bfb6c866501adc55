using Dapper;
using Npgsql;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Contracts;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: the kept sums of an item are those of its order rows, whatever changes an order; a sum that is wrong is found by a recount,
/// and repaired. Broken by a path that forgets to count, by a sum that two transactions write over each other, and by a counter that all
/// payments of a hot item queue for.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class KeptSumsTests(StoreFixture stores)
{
    [Fact]
    public async Task Every_way_in_which_an_order_changes_is_counted()
    {
        var sale = await TestSale.OpenAsync(stores, units: 12, limit: 2);
        var orders = await sale.PlaceManyAsync(5, quantity: 2);
        Assert.Equal((10, 0L, 0L, 0L), await SumsAsync(sale));
        await sale.PayAsync(orders[0], $"pay-{orders[0].OrderId}");
        await sale.PayAsync(orders[0], $"pay-{orders[0].OrderId}");
        await sale.PayAsync(orders[0], $"again-{orders[0].OrderId}");
        await stores.Closing.TryCancelAsync(orders[1].OrderId, CancellationToken.None);
        await stores.Closing.TryCancelAsync(orders[1].OrderId, CancellationToken.None);
        await sale.MakeOverdueAsync(orders[2].OrderId, orders[3].OrderId);
        await Eventually.IsTrueAsync("the overdue orders are expired", async () =>
        {
            await stores.Closing.ExpireAsync(50, CancellationToken.None);
            return (await sale.StatusesAsync())[orders[3].OrderId] == "expired";
        });
        Assert.Equal((4, 2L, 6L, 0L), await SumsAsync(sale));

        var waiting = await sale.ReserveAsync(8, 2);
        await stores.Quarantine.AddAsync(sale.Message(waiting), "test", CancellationToken.None);
        await sale.ConsumeAsync(waiting);
        await sale.ReturnAllAsync();
        // Six units are left in Redis, and six more are sold that PostgreSQL has no room for.
        await stores.Redis.HashIncrementAsync(sale.Keys.State, "available", 6);
        var surplus = new List<ReservedOrder>();
        for (var user = 20; user < 26; user++)
        {
            surplus.Add(await sale.ReserveAsync(user, 2));
        }

        await sale.ConsumeAsync([.. surplus]);
        Assert.Equal((12, 2L, 6L, 6L), await SumsAsync(sale));
    }

    [Fact]
    public async Task Payments_and_cancellations_at_once_are_all_counted()
    {
        const int Orders = 120;
        var sale = await TestSale.OpenAsync(stores, units: Orders);
        var orders = await sale.PlaceManyAsync(Orders);
        await Task.WhenAll(orders.Select((order, i) => i % 3 == 0
            ? stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None)
            : (Task)sale.PayAsync(order, $"pay-{order.OrderId}")));
        Assert.Equal((80, 80L, 40L, 0L), await SumsAsync(sale));
    }

    [Fact]
    public async Task A_payment_does_not_wait_for_the_commit_of_another()
    {
        var sale = await TestSale.OpenAsync(stores);
        var orders = await sale.PlaceManyAsync(2);
        await using var one = await stores.Database.OpenConnectionAsync();
        await using var transaction = await one.BeginTransactionAsync();
        await PayAsync(one, orders[0].OrderId);
        // A backend of another slot: the pool has more than one.
        var others = new List<NpgsqlConnection>();
        do
        {
            others.Add(await stores.Database.OpenConnectionAsync());
        }
        while (others[^1].ProcessID % 16 == one.ProcessID % 16);
        await others[^1].ExecuteAsync("set lock_timeout = '3s'");
        await PayAsync(others[^1], orders[1].OrderId);
        await transaction.CommitAsync();
        Assert.Equal((2, 2L, 0L, 0L), await SumsAsync(sale));
        foreach (var other in others)
        {
            await other.DisposeAsync();
        }

        static Task<int> PayAsync(NpgsqlConnection connection, string order) =>
            connection.ExecuteAsync("update orders set status = 'paid' where order_id = @order", new { order });
    }

    [Theory]
    [InlineData("live")]
    [InlineData("paid")]
    [InlineData("cancelled")]
    [InlineData("expired")]
    [InlineData("rejected")]
    public async Task A_sum_that_is_wrong_is_found_and_repaired(string total)
    {
        var sale = await TestSale.OpenAsync(stores);
        var orders = await sale.PlaceManyAsync(6);
        await sale.PayAsync(orders[0], $"pay-{orders[0].OrderId}");
        await stores.Closing.TryCancelAsync(orders[1].OrderId, CancellationToken.None);
        await sale.ReturnAllAsync();
        var before = await SumsAsync(sale);
        await sale.ExecuteAsync(
            total == "live" ? "update sale_items set live = live + 3 where sale_id = @SaleId"
                : "select add_to_totals(@SaleId, @SkuId, @total, 3)",
            new { sale.Item.SaleId, sale.Item.SkuId, total });

        var item = await sale.AuditedAsync();
        var found = Assert.Single((await stores.Auditor.AuditAsync(item, CancellationToken.None)).Findings);
        Assert.Equal((BreakKind.Ledger, 3L), (found.Kind, found.Actual - found.Expected));
        var (after, repaired) = (await stores.AuditRepair.RepairAsync(item, false, CancellationToken.None))!.Value;
        Assert.Empty(after.Findings);
        Assert.Single(repaired);
        Assert.Equal(before, await SumsAsync(sale));
    }

    /// <summary>The kept sums, which must be those of the rows.</summary>
    private async Task<(int Live, long Paid, long Returned, long Rejected)> SumsAsync(TestSale sale)
    {
        Assert.All(
            await stores.Rows.RecountAsync(sale.Item, CancellationToken.None), total => Assert.Equal(total.Counted, total.Kept));
        var kept = Assert.Single(await stores.Rows.TotalsAsync(sale.Item.SaleId, null, CancellationToken.None));
        return (kept.Live, kept.Paid, kept.Returned, kept.Rejected);
    }
}
