using Seckill.InventoryService.Rebuild;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Rebuild;

/// <summary>
/// Promise: a loss of data in Redis, or a stale replica that is promoted, gives no buyer another order or a shorter cool-down: the rebuild
/// counts what PostgreSQL knows. Broken by an order that no one counts because its return found no hold, by one that counts twice, and by
/// a late call of a rebuild that is over.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class OrdersAfterLossTests(StoreFixture stores)
{
    private const int User = 7;

    [Theory]
    [InlineData("cancelled", 1)]
    [InlineData("expired", 1)]
    [InlineData("cancelled, on its way back", 1)]
    [InlineData("cancelled in the rebuild, before its hold", 1)]
    [InlineData("cancelled in the rebuild, with its hold", 1)]
    [InlineData("rejected", 0)]
    public async Task A_rebuild_counts_the_orders_that_were_given_back(string order, int counted)
    {
        var sale = await OpenAsync();
        var first = await sale.ReserveAsync(User);
        var others = new[] { await sale.ReserveAsync(8), await sale.ReserveAsync(9) };
        await sale.ExecuteAsync("update sale_items set allocated = @units where sale_id = @SaleId",
            new { sale.Item.SaleId, units = order == "rejected" ? 2 : 10 });
        await sale.ConsumeAsync(others);
        await sale.ConsumeAsync(first);
        await sale.ExecuteAsync("update sale_items set allocated = 10 where sale_id = @SaleId");
        switch (order)
        {
            case "cancelled":
                await CancelAsync(first);
                await sale.ReturnAllAsync();
                break;
            case "expired":
                await sale.ExpireAsync(first.OrderId);
                await sale.ReturnAllAsync();
                break;
            case "cancelled, on its way back":
                await CancelAsync(first);
                break;
        }

        await sale.LoseAsync();
        var isFirst = true;
        var rebuild = stores.Rebuild(async step =>
        {
            if ((step == RebuildStep.Restore && order.EndsWith("before its hold", StringComparison.Ordinal))
                || (step == RebuildStep.RestoreRest && isFirst && order.EndsWith("with its hold", StringComparison.Ordinal)))
            {
                isFirst = false;
                await CancelAsync(first);
            }
        });
        Assert.Equal(RebuildOutcome.Done, await rebuild.RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        await sale.ReturnAllAsync();
        Assert.Equal(counted, await CountAsync(sale));
        Assert.Equal(counted == 0 ? ReserveOutcome.Reserved : ReserveOutcome.CoolingDown, await OutcomeAsync(sale));
    }

    [Fact]
    public async Task A_stale_replica_gives_no_order_back()
    {
        var sale = await OpenAsync();
        var first = await sale.ReserveAsync(User);
        await sale.ConsumeAsync(first);
        var copy = await sale.CopyAsync();
        await CancelAsync(first);
        await sale.ReturnAllAsync();
        var second = await sale.ReserveAsync(8);
        await sale.ConsumeAsync(second);
        await sale.RestoreAsync(copy);
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(ItemState.Lost, (await sale.InspectAsync()).State);
        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        Assert.Equal(1, await CountAsync(sale));
        // What is repeated does not count again.
        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        Assert.Equal(1, await CountAsync(sale));
        Assert.Equal(ReserveOutcome.CoolingDown, await OutcomeAsync(sale));
        // The cool-down lasts from the close.
        await sale.ExecuteAsync("update orders set closed_at = closed_at - interval '2 hours' where sale_id = @SaleId");
        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        Assert.Equal(ReserveOutcome.Reserved, await OutcomeAsync(sale));
        Assert.Equal(ReserveOutcome.OrdersUsedUp, await OutcomeAsync(sale));
    }

    [Fact]
    public async Task A_late_call_of_another_rebuild_counts_nothing()
    {
        var sale = await OpenAsync();
        var order = await sale.ReserveAsync(User);
        await sale.ConsumeAsync(order);
        await CancelAsync(order);
        await sale.ReturnAllAsync();
        Assert.Equal(RebuildOutcome.Done, await stores.Rebuild(async step =>
        {
            if (step == RebuildStep.Epoch)
            {
                await LateAsync();
            }
        }).RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        await LateAsync();
        Assert.Equal(1, await CountAsync(sale));

        Task LateAsync() => stores.Repair.RestoreReturnsAsync(
            sale.Keys, "another", [new ClosedOrder(order.OrderId, User, order.ReservedAt.UtcDateTime)]);
    }

    private Task<TestSale> OpenAsync() => TestSale.OpenAsync(
        stores, units: 10, limit: 5, change: item => item with { OrdersPerUser = 2, CoolDownSeconds = 3600 });

    private async Task CancelAsync(ReservedOrder order) =>
        Assert.True(await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None));

    private async Task<RebuildOutcome> RebuildAsync(TestSale sale) =>
        await stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None);

    private async Task<int> CountAsync(TestSale sale) =>
        int.Parse(((string?)await stores.Redis.HashGetAsync(sale.Keys.Returned, User) ?? "0 0").Split(' ')[0], provider: null);

    private static async Task<ReserveOutcome> OutcomeAsync(TestSale sale) => (await sale.TryReserveAsync(User)).Outcome;
}
