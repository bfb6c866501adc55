using Dapper;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Returns;

/// <summary>
/// Promise: stock of a closed order comes back once, whatever dies in between. It could come back twice (two returners, a release
/// that is repeated after a kill) or never (marked before released). The steps are close, release, mark; each pair is cut apart here,
/// against the real stores, because only their transactions and scripts can answer.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class ReturnTests(StoreFixture stores)
{
    [Fact]
    public async Task A_kill_after_the_close_and_before_the_release_loses_nothing()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var order = (await sale.PlaceManyAsync(1, quantity: 2))[0];
        Assert.True(await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None));
        Assert.Equal(1, await sale.CountAsync("stock_returns where sale_id = @SaleId and returned_at is null"));
        Assert.Equal(3, (await sale.InspectAsync()).Available);
        await ReturnAsync(sale);
        await sale.AssertConservedAsync(5);
        Assert.Equal(5, (await sale.InspectAsync()).Available);
    }

    [Fact]
    public async Task A_kill_after_the_release_and_before_the_mark_gives_back_once()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var order = (await sale.PlaceManyAsync(1))[0];
        await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None);
        await using (var connection = await stores.Database.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("select from stock_returns where order_id = @OrderId for update", new { order.OrderId });
            Assert.Equal(1, await stores.Stock.ReleaseAsync(sale.Keys, [order.OrderId]));
            await transaction.RollbackAsync();
        }

        // The unit is for sale already, and another buyer takes it before the return is tried again.
        var next = await sale.ReserveAsync(7);
        await sale.ConsumeAsync(next);
        await ReturnAsync(sale);
        await sale.AssertConservedAsync(5);
        Assert.Equal(4, (await sale.InspectAsync()).Available);
    }

    [Fact]
    public async Task A_cancellation_that_is_rolled_back_returns_nothing()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var order = (await sale.PlaceManyAsync(1))[0];
        // The ledger row cannot be changed, so the whole statement fails: neither the close nor the return may remain.
        await sale.ExecuteAsync("update sale_items set live = 0 where sale_id = @SaleId");
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None));
        Assert.Equal("placed", (await sale.StatusesAsync())[order.OrderId]);
        Assert.Equal(0, await sale.CountAsync("stock_returns where sale_id = @SaleId"));
        await sale.ExecuteAsync("update sale_items set live = 1 where sale_id = @SaleId");
        await sale.AssertConservedAsync(5);
    }

    [Fact]
    public async Task A_release_that_is_repeated_gives_back_once()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var orders = await sale.PlaceManyAsync(2);
        string[] ids = [orders[0].OrderId, orders[0].OrderId, new string('0', OrderId.Length)];
        Assert.Equal(1, await stores.Stock.ReleaseAsync(sale.Keys, ids));
        Assert.Equal(0, await stores.Stock.ReleaseAsync(sale.Keys, ids));
        Assert.Equal((4, 1), ((await sale.InspectAsync()).Available, (await sale.InspectAsync()).Held));
    }

    [Fact]
    public async Task A_hold_that_is_gone_does_not_hold_up_the_others()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var orders = await sale.PlaceManyAsync(3);
        await stores.Stock.ReleaseAsync(sale.Keys, [orders[0].OrderId]);
        foreach (var order in orders)
        {
            await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None);
        }

        await ReturnAsync(sale);
        await sale.AssertConservedAsync(5);
    }

    [Fact]
    public async Task An_item_that_Redis_refuses_holds_up_no_other()
    {
        var (bad, good) = (await TestSale.OpenAsync(stores, units: 5), await TestSale.OpenAsync(stores, units: 5));
        foreach (var sale in new[] { bad, good })
        {
            await stores.Closing.TryCancelAsync((await sale.PlaceManyAsync(1))[0].OrderId, CancellationToken.None);
        }

        var buyers = await stores.Redis.HashGetAllAsync(bad.Keys.Buyers);
        await stores.Redis.KeyDeleteAsync(bad.Keys.Buyers);
        await stores.Redis.StringSetAsync(bad.Keys.Buyers, "what nobody of ours wrote");
        using var returner = stores.Returns();
        await returner.StartAsync(CancellationToken.None);
        await good.AllReturnedAsync();
        Assert.Equal(1, await bad.CountAsync("stock_returns where sale_id = @SaleId"));

        await stores.Redis.KeyDeleteAsync(bad.Keys.Buyers);
        await stores.Redis.HashSetAsync(bad.Keys.Buyers, buyers);
        await bad.AllReturnedAsync();
        await returner.StopAsync(CancellationToken.None);
        await bad.AssertConservedAsync(5);
        await good.AssertConservedAsync(5);
    }

    [Fact]
    public async Task Four_returners_at_once_give_back_once()
    {
        const int Orders = 400;
        var sale = await TestSale.OpenAsync(stores, units: Orders);
        var orders = await sale.PlaceManyAsync(Orders);
        var returners = Enumerable.Range(0, 4).Select(_ => stores.Returns(batch: 7)).ToList();
        await Task.WhenAll(returners.Select(returner => returner.StartAsync(CancellationToken.None)));
        await Parallel.ForEachAsync(
            orders, async (order, token) => Assert.True(await stores.Closing.TryCancelAsync(order.OrderId, token)));
        await sale.AllReturnedAsync();
        await Task.WhenAll(returners.Select(returner => returner.StopAsync(CancellationToken.None)));
        returners.ForEach(returner => returner.Dispose());
        Assert.Equal(Orders, (await sale.InspectAsync()).Available);
        await sale.AssertConservedAsync(Orders);
    }

    [Fact]
    public async Task Units_that_the_ledger_has_no_room_for_are_rejected_and_come_back()
    {
        var sale = await TestSale.OpenAsync(stores, units: 3);
        await sale.ExecuteAsync("update sale_items set allocated = 2 where sale_id = @SaleId");
        await sale.PlaceManyAsync(3);
        Assert.Equal(["placed", "placed", "rejected"], (await sale.StatusesAsync()).Values.Order());
        await sale.ExecuteAsync("update sale_items set allocated = 3 where sale_id = @SaleId");
        await ReturnAsync(sale);
        await sale.AssertConservedAsync(3);
    }

    [Fact]
    public async Task A_message_that_comes_again_after_the_return_changes_nothing()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var order = (await sale.PlaceManyAsync(1))[0];
        await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None);
        await ReturnAsync(sale);
        await sale.ConsumeAsync(order);
        Assert.Equal("cancelled", (await sale.StatusesAsync())[order.OrderId]);
        await sale.AssertConservedAsync(5);
    }

    private async Task ReturnAsync(TestSale sale)
    {
        using var returner = stores.Returns();
        await returner.StartAsync(CancellationToken.None);
        await sale.AllReturnedAsync();
        await returner.StopAsync(CancellationToken.None);
    }
}
