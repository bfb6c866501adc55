using Dapper;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Rebuild;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Rebuild;

/// <summary>
/// Promise: what takes effect when its caller has given up, or begins while another is at it, makes no unit and loses none. Broken by a
/// hold for an order that was closed meanwhile, or by units that are counted twice. docs/decisions/0023 has the rules.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class LateCallTests(StoreFixture stores)
{
    [Fact]
    public async Task A_change_of_stock_that_begins_while_the_rebuild_waits_for_another_is_made_once()
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        await sale.PlaceManyAsync(2);
        await sale.ExecuteAsync(
            """
            insert into stock_changes (sale_id, sku_id, idempotency_key, delta) values (@SaleId, @SkuId, 'first', 5);
            update sale_items set allocated = allocated + 5 where sale_id = @SaleId
            """,
            new { sale.Item.SaleId, sale.Item.SkuId });
        await sale.LoseAsync();
        await using var connection = await stores.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync("select from stock_changes where sale_id = @SaleId for update", new { sale.Item.SaleId });
        var rebuild = stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None);
        await Eventually.IsTrueAsync("the rebuild waits", async () => await sale.CountAsync(
            "pg_stat_activity where wait_event_type = 'Lock' and query like '%stock_changes%' and @SaleId > 0") > 0);

        Assert.Equal(StockChangeOutcome.StockLost, await stores.Changes.ChangeAsync(sale.Item, "second", 50, CancellationToken.None));
        await transaction.RollbackAsync();
        Assert.Equal(RebuildOutcome.Done, await rebuild);
        Assert.Equal(StockChangeOutcome.Made, await stores.Changes.FinishAsync(sale.Item, "first", 5, CancellationToken.None));
        Assert.Equal(StockChangeOutcome.Made, await stores.Changes.ChangeAsync(sale.Item, "second", 50, CancellationToken.None));
        await sale.AssertConservedAsync(75);
    }

    /// <summary>Broken by a fence that stops an item whatever has happened to it since: no rebuild runs that would open it again.</summary>
    [Fact]
    public async Task A_fence_that_arrives_after_the_rebuild_of_another_process_stops_nothing()
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        await sale.PlaceManyAsync(2);
        var before = await sale.InspectAsync();
        await sale.LoseAsync();
        Assert.Equal(RebuildOutcome.Done, await stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        // As a process sent it that was killed: with the epoch that it had read.
        var late = await stores.Redis.ScriptEvaluateAsync(
            StockScript.Load("fence.lua"), [sale.Keys.State], ["token of the dead", before.Epoch, "allocated", 20]);
        Assert.Equal(FenceOutcome.Superseded, (FenceOutcome)(int)late);
        Assert.Equal(ItemState.Open, (await sale.InspectAsync()).State);
        await sale.ConsumeAsync(await sale.ReserveAsync(9));
        await sale.AssertConservedAsync(20);
    }

    [Fact]
    public async Task A_hold_that_Redis_comes_to_too_late_is_not_given_back()
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        var order = (await sale.PlaceManyAsync(1))[0];
        await stores.Stock.ReleaseAsync(sale.Keys, [order.OrderId]);
        // As long as whoever asked waits: then the row is free, and the order may be closed.
        var stalled = new HoldRestorer(stores.Database, stores.Repair) { WhileLocked = () => Task.Delay(StockLedger.Timeout) };
        await Assert.ThrowsAsync<TimeoutException>(() => stalled.RestoreAsync(sale.Keys, [order.OrderId], CancellationToken.None));
        Assert.Null(await stores.Stock.FindHoldAsync(sale.Keys, order.OrderId));

        Assert.Equal(1, await stores.Holds.RestoreAsync(sale.Keys, [order.OrderId], CancellationToken.None));
        await sale.AssertConservedAsync(20);
    }
}
