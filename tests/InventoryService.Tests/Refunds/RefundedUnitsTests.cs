using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Refunds;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Tests.Refunds;

/// <summary>
/// Promise: units that come back with a refund are for sale once, at most as many as the order has, also when the process dies after the
/// refund. Broken by a change of stock that begins after the refund is committed, and by a retry that counts again.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class RefundedUnitsTests(StoreFixture stores)
{
    [Fact]
    public async Task Units_that_came_back_are_for_sale_once_and_at_most_those_of_the_order()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10, limit: 3);
        var order = await PaidAsync(sale);
        var before = (await sale.InspectAsync())!;
        var refunds = new OrderRefunds(stores.Database, stores.Changes);
        Assert.Equal(OrderRefundOutcome.Listed, await RefundAsync(refunds, order, "two", 2));
        Assert.Equal(OrderRefundOutcome.Listed, await RefundAsync(refunds, order, "two", 2));
        Assert.Equal(OrderRefundOutcome.KeyReused, await RefundAsync(refunds, order, "two", 1));
        Assert.Equal(OrderRefundOutcome.TooLarge, await RefundAsync(refunds, order, "more", 2));
        var after = (await sale.InspectAsync())!;
        Assert.Equal((before.Available + 2, before.Allocated + 2, before.Held), (after.Available, after.Allocated, after.Held));
        Assert.Equal(12, await sale.ScalarAsync<int>("select allocated from sale_items where sale_id = @SaleId"));
    }

    // Was: the refund was listed with its units, and no change of stock was begun.
    [Fact]
    public async Task A_refund_whose_units_would_be_too_many_for_the_item_is_refused_whole()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10, limit: 3);
        var order = await PaidAsync(sale);
        await sale.ExecuteAsync(
            "update sale_items set allocated = @most where sale_id = @SaleId",
            new { most = CreateSaleRules.MostUnits - 1, sale.Item.SaleId });
        var refunds = new OrderRefunds(stores.Database, stores.Changes);
        Assert.Equal(OrderRefundOutcome.TooLarge, await RefundAsync(refunds, order, "two", 2));
        Assert.Equal(0, await sale.CountAsync("refunds join orders using (order_id) where sale_id = @SaleId"));
        Assert.Equal(OrderRefundOutcome.Listed, await RefundAsync(refunds, order, "one", 1));
    }

    [Fact]
    public async Task Units_of_a_refund_whose_process_died_are_for_sale_a_moment_later()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10, limit: 3);
        var order = await PaidAsync(sale);
        var dying = new OrderRefunds(
            stores.Database, new StockChanges(stores.Database, stores.Stock) { BeforeCommit = () => throw new TimeoutException() });
        Assert.Equal(OrderRefundOutcome.Listed, await RefundAsync(dying, order, "key", 3));
        var change = Assert.Single(
            await stores.Changes.FindUnfinishedAsync(TimeSpan.Zero, CancellationToken.None), one => one.Item == sale.Item);
        await stores.Changes.FinishAsync(change, CancellationToken.None);
        var after = (await sale.InspectAsync())!;
        Assert.Equal((13, 10), (after.Allocated, after.Available));
        Assert.Equal(0, await sale.CountAsync("stock_changes where sale_id = @SaleId and done_at is null"));
    }

    private static async Task<OrderRefundOutcome> RefundAsync(OrderRefunds refunds, string order, string key, int units) =>
        (await refunds.RefundAsync(order, key, new RefundOrder(10, null, units), CancellationToken.None)).Outcome;

    // Three units.
    private static async Task<string> PaidAsync(TestSale sale)
    {
        var order = await sale.ReserveAsync(7, 3);
        await sale.ConsumeAsync(order);
        await sale.PayAsync(order, Guid.NewGuid().ToString("N"));
        return order.OrderId;
    }
}
