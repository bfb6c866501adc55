using Seckill.InventoryService.Editing;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Editing;

/// <summary>
/// Promise: an edit is in both stores or in none that sells by it, whatever dies, and no order gets other terms than its buyer was shown.
/// Broken by an edit that Redis never gets, by one that the loss watch takes for lost data, and by a price that changes under an order.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class SaleEditingTests(StoreFixture stores)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Before_the_first_order_everything_changes_in_both_stores(bool isClosed)
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        if (isClosed)
        {
            await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        }

        var opens = TimeProvider.System.GetUtcNow().AddHours(-2);
        Assert.Equal(EditingOutcome.Done, await EditAsync(sale, new EditSale(
            "Other", opens, opens.AddHours(9), 60, [new EditSaleItem(sale.Item.SkuId, 7, 1, 250, "USD")])));
        var now = await sale.InspectAsync();
        Assert.Equal(
            (250L, "USD", 1, 60, 7, 7, isClosed ? ItemState.Closed : ItemState.Open),
            (now.UnitPrice, now.Currency, now.LimitPerUser, now.PaymentTimeoutSeconds, now.Available, now.Allocated, now.State));
        Assert.True(now.HasTermsOf((await sale.AuditedAsync()).Plan));
        Assert.Equal("Other", (await stores.Catalog.FindSaleAsync(sale.Item.SaleId))!.Name);
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Null((await sale.AuditedAsync()).LostAt);
        if (!isClosed)
        {
            var order = await sale.ReserveAsync(7);
            await sale.ConsumeAsync(order);
            Assert.Equal(250, await sale.ScalarAsync<long>("select unit_price from orders where sale_id = @SaleId"));
        }
    }

    [Fact]
    public async Task What_orders_rely_on_does_not_change_under_them_and_the_rest_does()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        var order = await sale.ReserveAsync(7);
        var before = await sale.InspectAsync();
        foreach (var edit in (EditSale[])
        [
            new(OpensAt: TimeProvider.System.GetUtcNow().AddHours(-3)), new(PaymentTimeoutSeconds: 60),
            new(ClosesAt: TimeProvider.System.GetUtcNow().AddMinutes(-1)),
            new(Items: [new EditSaleItem(sale.Item.SkuId, UnitPrice: 1)]), new(Items: [new EditSaleItem(sale.Item.SkuId, Currency: "USD")]),
            new(Items: [new EditSaleItem(sale.Item.SkuId, LimitPerUser: 1)]),
        ])
        {
            Assert.Equal(EditingOutcome.HasOrders, await EditAsync(sale, edit));
            Assert.Equal(before with { Now = default }, (await sale.InspectAsync()) with { Now = default });
        }

        var end = TimeProvider.System.GetUtcNow().AddMinutes(30);
        Assert.Equal(EditingOutcome.Done, await EditAsync(
            sale, new EditSale(ClosesAt: end, Items: [new EditSaleItem(sale.Item.SkuId, Allocated: 12, LimitPerUser: 5)])));
        var now = await sale.InspectAsync();
        Assert.Equal((12, 11, 5, ItemState.Open), (now.Allocated, now.Available, now.LimitPerUser, now.State));
        Assert.Equal(end.ToUnixTimeMilliseconds(), now.ClosesAt.ToUnixTimeMilliseconds());
        Assert.Equal(EditingOutcome.StockInUse, await EditAsync(
            sale, new EditSale(Items: [new EditSaleItem(sale.Item.SkuId, Allocated: 0)])));
        await sale.ConsumeAsync(order);
        await sale.AssertConservedAsync(12);
    }

    [Fact]
    public async Task An_edit_that_was_killed_between_the_stores_is_finished_and_is_no_loss()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        var order = await sale.ReserveAsync(7);
        var end = TimeProvider.System.GetUtcNow().AddHours(5);
        await Assert.ThrowsAsync<InvalidOperationException>(() => EditAsync(sale, new EditSale(ClosesAt: end), killed: true));
        Assert.NotEqual(end.ToUnixTimeMilliseconds(), (await sale.InspectAsync()).ClosesAt.ToUnixTimeMilliseconds());
        await stores.Losses.WatchAsync(CancellationToken.None);
        var now = await sale.InspectAsync();
        Assert.Equal((end.ToUnixTimeMilliseconds(), ItemState.Open), (now.ClosesAt.ToUnixTimeMilliseconds(), now.State));
        Assert.Null((await sale.AuditedAsync()).LostAt);
        await sale.ConsumeAsync(order);
        Assert.Equal("placed", (await sale.StatusesAsync())[order.OrderId]);
    }

    [Fact]
    public async Task An_order_of_the_time_between_a_shorter_end_and_its_arrival_in_Redis_is_placed()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        await sale.ReserveAsync(8);
        var end = TimeProvider.System.GetUtcNow().AddSeconds(30);
        await Assert.ThrowsAsync<InvalidOperationException>(() => EditAsync(sale, new EditSale(ClosesAt: end), killed: true));
        // Redis sells on by the end that it knows.
        var order = (await sale.ReserveAsync(7)) with { ReservedAt = end.AddMinutes(1) };
        await sale.ConsumeAsync(order);
        Assert.Equal("placed", (await sale.StatusesAsync())[order.OrderId]);
    }

    [Fact]
    public async Task An_edit_that_was_killed_is_no_loss_when_an_operator_closes_the_sale_first()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => EditAsync(sale, new EditSale(Items: [new EditSaleItem(sale.Item.SkuId, UnitPrice: 1)]), killed: true));
        Assert.Equal(OpeningOutcome.Done, await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None));
        Assert.Equal(OpeningOutcome.Done, await stores.Opening.OpenAsync(sale.Item.SaleId, CancellationToken.None));
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal((1L, ItemState.Open), ((await sale.InspectAsync()).UnitPrice, (await sale.InspectAsync()).State));
        Assert.Null((await sale.AuditedAsync()).LostAt);
    }

    [Fact]
    public async Task An_edit_of_what_was_changed_since_it_was_read_does_nothing()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        var read = (await stores.Sales.FindStateAsync(sale.Item.SaleId, CancellationToken.None)).Version;
        await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        Assert.Equal(EditingOutcome.Superseded, await EditAsync(sale, new EditSale(Name: "Late"), read));
        Assert.Equal("Test", (await stores.Sales.FindAsync(sale.Item.SaleId, CancellationToken.None))!.Name);
    }

    private async Task<EditingOutcome> EditAsync(TestSale sale, EditSale edit, long? version = null, bool killed = false)
    {
        var editing = new SaleEditing(stores.Database, stores.Opening, stores.Stock, stores.Changes, stores.Catalog)
        {
            BeforeRedis = () => killed ? throw new InvalidOperationException("killed") : Task.CompletedTask,
        };
        version ??= (await stores.Sales.FindStateAsync(sale.Item.SaleId, CancellationToken.None)).Version;
        var details = (await stores.Sales.FindAsync(sale.Item.SaleId, CancellationToken.None))!;
        return await editing.EditAsync(details, version.Value, edit.ApplyTo(details).Plan, false, CancellationToken.None);
    }
}
