using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Rebuild;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: whatever Redis has lost of an item that PostgreSQL relies on is noticed, whether orders, returns, changes of stock or restored
/// holds; it alone is stopped, and its rebuild makes it right. Mutants: returns, changes or restored holds are not recorded; a repeated
/// return does not count; the loss watch does not compare; the mark of the store stops all items, or none.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class LostWritesTests(StoreFixture stores)
{
    [Theory]
    [InlineData("orders")]
    [InlineData("returns")]
    [InlineData("a return that is repeated after a kill")]
    [InlineData("a change of stock")]
    [InlineData("a change of stock that is repeated after a kill")]
    [InlineData("a restored hold")]
    public async Task A_lost_tail_of_any_kind_stops_its_item_and_the_rebuild_makes_it_right(string tail)
    {
        var (sale, other) = (await TestSale.OpenAsync(stores, units: 20), await TestSale.OpenAsync(stores, units: 20));
        var orders = await sale.PlaceManyAsync(5);
        await other.PlaceManyAsync(5);
        var allocated = 20;
        var copy = await sale.CopyAsync();
        switch (tail)
        {
            case "orders":
                await sale.ConsumeAsync(await sale.ReserveAsync(30), await sale.ReserveAsync(31));
                break;
            case "returns":
                await stores.Closing.TryCancelAsync(orders[0].OrderId, CancellationToken.None);
                await sale.ReturnAllAsync();
                break;
            case "a return that is repeated after a kill":
                await stores.Closing.TryCancelAsync(orders[0].OrderId, CancellationToken.None);
                await stores.Stock.ReleaseAsync(sale.Keys, [orders[0].OrderId]);
                await sale.ReturnAllAsync();
                break;
            case "a change of stock":
                Assert.Equal(StockChangeOutcome.Made, await stores.Changes.ChangeAsync(sale.Item, "more", 7, CancellationToken.None));
                allocated = 27;
                break;
            case "a change of stock that is repeated after a kill":
                var killed = new StockChanges(stores.Database, stores.Stock) { BeforeCommit = () => throw new KilledException() };
                await Assert.ThrowsAsync<KilledException>(() => killed.ChangeAsync(sale.Item, "more", 7, CancellationToken.None));
                Assert.Equal(StockChangeOutcome.Made, await stores.Changes.ChangeAsync(sale.Item, "more", 7, CancellationToken.None));
                allocated = 27;
                break;
            default:
                await stores.Stock.ReleaseAsync(sale.Keys, [orders[0].OrderId]);
                copy = await sale.CopyAsync();
                Assert.Equal(1, await stores.Holds.RestoreAsync(sale.Keys, [orders[0].OrderId], CancellationToken.None));
                break;
        }

        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(ItemState.Open, (await sale.InspectAsync()).State);
        await sale.RestoreAsync(copy);
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(ItemState.Lost, (await sale.InspectAsync()).State);
        Assert.NotNull((await sale.AuditedAsync()).LostAt);
        Assert.Equal(ItemState.Open, (await other.InspectAsync()).State);
        Assert.Null((await other.AuditedAsync()).LostAt);

        Assert.Equal(RebuildOutcome.Done, await stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        await stores.Losses.WatchAsync(CancellationToken.None);
        await sale.ConsumeAsync(await sale.ReserveAsync(40));
        await sale.AssertConservedAsync(allocated);
        Assert.Equal(ItemState.Open, (await sale.InspectAsync()).State);
    }

    [Fact]
    public async Task A_mark_that_went_back_stops_only_items_whose_changes_nobody_has_counted()
    {
        var (counted, idle, old) = (
            await TestSale.OpenAsync(stores), await TestSale.OpenAsync(stores), await TestSale.OpenAsync(stores));
        await counted.PlaceManyAsync(2);
        await old.PlaceManyAsync(2);
        // As an older version left it.
        await stores.Redis.HashDeleteAsync(old.Keys.State, "seq");
        await old.ExecuteAsync("delete from stock_writes where sale_id = @SaleId");
        await stores.Losses.WatchAsync(CancellationToken.None);
        await stores.Losses.WatchAsync(CancellationToken.None);
        await stores.Redis.HashDecrementAsync("seckill:mark", "value", 2);
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(ItemState.Open, (await counted.InspectAsync()).State);
        Assert.Equal(ItemState.Open, (await idle.InspectAsync()).State);
        Assert.Equal(ItemState.Lost, (await old.InspectAsync()).State);
        Assert.Equal(RebuildOutcome.Done, await stores.Rebuild().RebuildAsync(await old.AuditedAsync(), CancellationToken.None));
        await old.AssertConservedAsync(100);
    }

    [Fact]
    public async Task Only_the_newest_of_many_changes_are_kept()
    {
        var sale = await TestSale.OpenAsync(stores);
        await sale.PlaceManyAsync(1);
        await stores.Redis.HashSetAsync(sale.Keys.State, "seq", 65_536 + 2_047);
        await sale.ConsumeAsync(await sale.ReserveAsync(50));
        Assert.Equal(1, await sale.CountAsync("stock_writes where sale_id = @SaleId"));
        Assert.Equal(65_536 + 2_048, (await sale.AuditedAsync()).Seq);
    }

    private sealed class KilledException : Exception;
}
