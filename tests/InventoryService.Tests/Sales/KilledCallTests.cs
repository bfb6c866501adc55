using Seckill.InventoryService.Sales;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Sales;

/// <summary>
/// Promise: what an operator's call left half done when its process died is done by the loss watch. Broken by a state that the row has and
/// Redis never gets.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class KilledCallTests(StoreFixture stores)
{
    [Theory]
    [InlineData(true, "open")]
    [InlineData(false, "closed")]
    public async Task What_a_kill_between_the_stores_left_undone_is_done_by_the_loss_watch(bool opens, string state)
    {
        var sale = await TestSale.OpenAsync(stores);
        if (opens)
        {
            await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        }

        var killed = new SaleOpening(stores.Sales, stores.Stock, stores.Catalog, stores.Rooms)
        {
            BeforeRedis = () => throw new InvalidOperationException("killed"),
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => opens
            ? killed.OpenAsync(sale.Item.SaleId, CancellationToken.None) : killed.CloseAsync(sale.Item.SaleId, CancellationToken.None));
        Assert.NotEqual(state, (await sale.InspectAsync()).State.Text());
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(state, (await sale.InspectAsync()).State.Text());
    }
}
