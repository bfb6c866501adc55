using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Returns;

/// <summary>
/// Promise: an order that its buyer cancels or lets expire counts as one that was made, and one that Seckill rejects or repairs does not.
/// Broken by a returner that counts what it rejects, and by a repair that counts an order whose hold it replaces.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class OrdersEverMadeTests(StoreFixture stores)
{
    [Theory]
    [InlineData("cancelled")]
    [InlineData("expired")]
    public async Task An_order_that_is_closed_is_used_up(string status)
    {
        var sale = await OpenAsync(ordersPerUser: 2);
        await CloseOneAsync(sale, status);
        Assert.Equal(ReserveOutcome.Reserved, await OutcomeAsync(sale));
        Assert.Equal(ReserveOutcome.OrdersUsedUp, await OutcomeAsync(sale));
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("expired")]
    public async Task An_order_that_is_closed_begins_the_cool_down(string status)
    {
        var sale = await OpenAsync(coolDownSeconds: 3600);
        await CloseOneAsync(sale, status);
        Assert.Equal(ReserveOutcome.CoolingDown, await OutcomeAsync(sale));
    }

    [Fact]
    public async Task An_order_that_is_paid_counts_once_and_begins_no_cool_down()
    {
        var sale = await OpenAsync(ordersPerUser: 2, coolDownSeconds: 3600);
        var order = await sale.ReserveAsync(7);
        await sale.ConsumeAsync(order);
        await sale.PayAsync(order, $"pay-{order.OrderId}");
        Assert.Equal(ReserveOutcome.Reserved, await OutcomeAsync(sale));
        Assert.Equal(ReserveOutcome.OrdersUsedUp, await OutcomeAsync(sale));
    }

    [Fact]
    public async Task A_rejected_order_that_comes_back_with_a_cancelled_one_does_not_count()
    {
        var sale = await OpenAsync(ordersPerUser: 1, coolDownSeconds: 3600, units: 2);
        var (mine, other) = (await sale.ReserveAsync(7), await sale.ReserveAsync(8));
        await sale.ExecuteAsync("update sale_items set allocated = 1 where sale_id = @SaleId");
        await sale.ConsumeAsync(other);
        await sale.ConsumeAsync(mine);
        Assert.Equal("rejected", (await sale.StatusesAsync())[mine.OrderId]);
        await stores.Closing.TryCancelAsync(other.OrderId, CancellationToken.None);
        await sale.ReturnAllAsync();
        Assert.Equal(ReserveOutcome.Reserved, await OutcomeAsync(sale));
        Assert.Equal(ReserveOutcome.OrdersUsedUp, await OutcomeAsync(sale, 8));
    }

    [Fact]
    public async Task A_hold_that_a_repair_replaces_does_not_count()
    {
        var sale = await OpenAsync(ordersPerUser: 2, coolDownSeconds: 3600);
        var order = await sale.ReserveAsync(7);
        await sale.ConsumeAsync(order);
        await stores.Redis.HashSetAsync(sale.Keys.Holds, order.OrderId, $"7:2:{order.ReservedAt.ToUnixTimeMilliseconds()}");
        var (audit, repaired) = (await stores.AuditRepair.RepairAsync(await sale.AuditedAsync(), false, CancellationToken.None))!.Value;
        Assert.Empty(audit.Findings);
        Assert.NotEmpty(repaired);
        Assert.Equal(ReserveOutcome.Reserved, await OutcomeAsync(sale));
    }

    [Fact]
    public async Task A_return_that_Redis_lost_counts_when_a_repair_makes_it_again()
    {
        var sale = await OpenAsync(ordersPerUser: 1);
        var order = await sale.ReserveAsync(7);
        await sale.ConsumeAsync(order);
        var copy = await sale.CopyAsync();
        await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None);
        await sale.ReturnAllAsync();
        await sale.RestoreAsync(copy);
        await stores.AuditRepair.RepairAsync(await sale.AuditedAsync(), false, CancellationToken.None);
        Assert.Equal(0, (await sale.InspectAsync()).Held);
        Assert.Equal(ReserveOutcome.OrdersUsedUp, await OutcomeAsync(sale));
    }

    private Task<TestSale> OpenAsync(int ordersPerUser = 0, int coolDownSeconds = 0, int units = 10) => TestSale.OpenAsync(
        stores, units, limit: 5, change: item => item with { OrdersPerUser = ordersPerUser, CoolDownSeconds = coolDownSeconds });

    private async Task CloseOneAsync(TestSale sale, string status)
    {
        var order = await sale.ReserveAsync(7);
        await sale.ConsumeAsync(order);
        if (status == "expired")
        {
            await sale.ExpireAsync(order.OrderId);
        }
        else
        {
            Assert.True(await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None));
        }

        await sale.ReturnAllAsync();
        Assert.Equal(status, (await sale.StatusesAsync())[order.OrderId]);
    }

    private static async Task<ReserveOutcome> OutcomeAsync(TestSale sale, long user = 7) => (await sale.TryReserveAsync(user)).Outcome;
}
