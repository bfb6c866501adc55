
using Seckill.InventoryService.Rebuild;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: a payment or a cancellation that persists its order on the spot leaves no live order without a hold, also when Redis loses
/// its data between its look at the hold and the row, and there is no message that would bring the hold back. Broken by a row that
/// is written after the rebuild has read the rows.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class PlacementAfterLossTests(StoreFixture stores)
{
    [Theory]
    [InlineData("lost, and nobody has noticed", true)]
    [InlineData("lost", false)]
    [InlineData("in its rebuild", false)]
    [InlineData("counted and not open", false)]
    [InlineData("rebuilt", false)]
    public async Task An_order_whose_hold_was_read_before_the_loss_is_held_or_gets_no_row(string item, bool isPlaced)
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        await sale.PlaceManyAsync(3);
        var order = await sale.ReserveAsync(9, 2);
        var epoch = (await sale.InspectAsync()).Epoch;
        var answer = !isPlaced;
        Func<Task> placeAsync = async () => answer = await stores.Orders.TryPlaceAsync(sale.Message(order), epoch, CancellationToken.None);

        await sale.LoseAsync();
        if (item.StartsWith("lost", StringComparison.Ordinal))
        {
            await (item == "lost" ? stores.Losses.WatchAsync(CancellationToken.None) : Task.CompletedTask);
            await placeAsync();
        }

        var rebuild = stores.Rebuild(step =>
            (item, step) is ("in its rebuild", RebuildStep.Epoch) or ("counted and not open", RebuildStep.Reopen)
                ? placeAsync() : Task.CompletedTask);
        Assert.Equal(RebuildOutcome.Done, await rebuild.RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        if (item == "rebuilt")
        {
            await placeAsync();
        }

        Assert.Equal(isPlaced, answer);
        Assert.Equal(isPlaced, (await sale.StatusesAsync()).ContainsKey(order.OrderId));
        await sale.AssertConservedAsync(20);
        // Its message, if there is one after all.
        await sale.ConsumeAsync(order);
        Assert.Equal((15, 5), ((await sale.InspectAsync()).Available, (await sale.InspectAsync()).Held));
        await sale.AssertConservedAsync(20);
    }
}
