using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Rebuild;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Rebuild;

/// <summary>
/// Promise: after Redis lost data nothing is sold from a wrong counter, and the rebuild makes the stock that PostgreSQL knows of:
/// each live order held once, whatever is settled, returned, delivered late or killed meanwhile. What Redis loses is taken from it
/// here key by key; that whole servers lose it is in the scenarios.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class RebuildTests(StoreFixture stores)
{
    [Fact]
    public async Task An_item_that_Redis_lost_is_stopped_rebuilt_and_sold_on()
    {
        var (sale, late, closed) = await LostAsync();
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal((ItemState.Lost, 0), ((await sale.InspectAsync()).State, (await sale.InspectAsync()).Available));
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.TryReserveAsync(50)).Outcome);
        Assert.Equal(OpeningOutcome.StockLost, await stores.Opening.OpenAsync(sale.Item.SaleId, CancellationToken.None));

        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        var state = await sale.InspectAsync();
        Assert.Equal((ItemState.Open, 2, 16, 4), (state.State, state.Epoch, state.Available, state.Held));

        // The return of an order that was closed before finds no hold; an order whose message comes now is held now.
        await sale.ReturnAllAsync();
        Assert.Equal("cancelled", (await sale.StatusesAsync())[closed.OrderId]);
        await sale.ConsumeAsync(late);
        await sale.ConsumeAsync(late);
        Assert.Equal((13, 7), ((await sale.InspectAsync()).Available, (await sale.InspectAsync()).Held));
        await sale.ConsumeAsync(await sale.ReserveAsync(51));
        await sale.AssertConservedAsync(20);
        Assert.Empty((await stores.Auditor.AuditAsync(await sale.AuditedAsync(), CancellationToken.None)).Findings);
    }

    [Fact]
    public async Task A_message_that_comes_before_the_rebuild_is_held_by_it()
    {
        var (sale, late, _) = await LostAsync();
        await sale.ConsumeAsync(late);
        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        await sale.ReturnAllAsync();
        await sale.AssertConservedAsync(20);
        Assert.Equal(13, (await sale.InspectAsync()).Available);
    }

    [Fact]
    public async Task An_order_that_comes_when_its_units_are_sold_again_makes_one_rejected()
    {
        var (sale, late, _) = await LostAsync();
        await RebuildAsync(sale);
        var again = new List<ReservedOrder>();
        while (await sale.TryReserveAsync(100 + again.Count) is { Outcome: ReserveOutcome.Reserved } next)
        {
            again.Add(next.Order);
        }

        // First come first served: the late order is placed, and the units are owed until the surplus is rejected.
        await sale.ConsumeAsync(late);
        Assert.Equal(-3, (await sale.InspectAsync()).Available);
        await sale.ConsumeAsync([.. again]);
        await sale.ReturnAllAsync();
        await sale.AssertConservedAsync(20);
        Assert.Equal(3, (await sale.StatusesAsync()).Values.Count(status => status == "rejected"));
        Assert.Equal(0, (await sale.InspectAsync()).Available);
    }

    [Fact]
    public async Task An_order_that_finds_no_room_any_more_is_rejected_and_gives_nothing_back()
    {
        var (sale, late, _) = await LostAsync();
        await RebuildAsync(sale);
        while (await sale.TryReserveAsync(Random.Shared.NextInt64(1_000, long.MaxValue)) is { Outcome: ReserveOutcome.Reserved } next)
        {
            await sale.ConsumeAsync(next.Order);
        }

        await sale.ConsumeAsync(late);
        await sale.ReturnAllAsync();
        Assert.Equal("rejected", (await sale.StatusesAsync())[late.OrderId]);
        Assert.Equal(0, (await sale.InspectAsync()).Available);
        await sale.AssertConservedAsync(20);
    }

    [Fact]
    public async Task An_older_copy_of_Redis_is_noticed_stopped_and_rebuilt()
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        var early = await sale.PlaceManyAsync(3);
        await sale.ReserveAsync(30);
        var copy = await sale.CopyAsync();
        var later = await sale.ReserveAsync(40, 2);
        await sale.ConsumeAsync(later);
        await stores.Closing.TryCancelAsync(early[0].OrderId, CancellationToken.None);
        await sale.ReturnAllAsync();
        await sale.RestoreAsync(copy);

        await StartAuditorUntilAsync(async () => (await sale.InspectAsync()).State == ItemState.Lost);
        // An order that was in the outbox of the copy, and waits: it must reach PostgreSQL first.
        Assert.Equal(RebuildOutcome.NotDrained, await RebuildAsync(sale));
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.TryReserveAsync(50)).Outcome);
        foreach (var (orderId, hold) in await stores.Stock.ClaimAsync(sale.Keys, TimeSpan.Zero, 100, TimeSpan.FromSeconds(1)))
        {
            await sale.ConsumeAsync(new ReservedOrder(orderId, hold!.Value.UserId, hold.Value.Units, hold.Value.ReservedAt));
        }

        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        stores.Audits.Enter(await stores.Auditor.AuditAsync(await sale.AuditedAsync(), CancellationToken.None));
        await sale.AssertConservedAsync(20);
        Assert.Equal((15, 5), ((await sale.InspectAsync()).Available, (await sale.InspectAsync()).Held));
    }

    [Fact]
    public async Task A_copy_from_before_a_rebuild_is_noticed_by_its_epoch()
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        await sale.PlaceManyAsync(2);
        var copy = await sale.CopyAsync();
        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        await sale.RestoreAsync(copy);
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(ItemState.Lost, (await sale.InspectAsync()).State);
        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        Assert.Equal(3, (await sale.InspectAsync()).Epoch);
        await sale.AssertConservedAsync(20);
    }

    [Theory]
    [InlineData(RebuildStep.Fence, 0)]
    [InlineData(RebuildStep.Mark, 0)]
    [InlineData(RebuildStep.Drain, 0)]
    [InlineData(RebuildStep.Reset, 0)]
    [InlineData(RebuildStep.Restore, 0)]
    [InlineData(RebuildStep.RestoreRest, 1)]
    [InlineData(RebuildStep.Epoch, 0)]
    [InlineData(RebuildStep.Reopen, 0)]
    public async Task Killed_at_any_step_it_sells_nothing_and_the_next_rebuild_is_right(RebuildStep step, int passes)
    {
        var (sale, late, _) = await LostAsync();
        await Assert.ThrowsAsync<KilledException>(async () => await stores.Rebuild(at =>
            at == step && passes-- == 0 ? throw new KilledException() : Task.CompletedTask)
            .RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.TryReserveAsync(50)).Outcome);
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.TryReserveAsync(50)).Outcome);
        Assert.Equal(ItemState.Lost, (await sale.InspectAsync()).State);
        Assert.NotNull((await sale.AuditedAsync()).LostAt);

        await sale.ConsumeAsync(late);
        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        await sale.ReturnAllAsync();
        await sale.AssertConservedAsync(20);
        Assert.Equal((13, 7), ((await sale.InspectAsync()).Available, (await sale.InspectAsync()).Held));
    }

    [Fact]
    public async Task Many_rebuilds_at_once_while_orders_come_late_and_are_closed_hold_each_order_once()
    {
        var sale = await TestSale.OpenAsync(stores, units: 200);
        var orders = await sale.PlaceManyAsync(60);
        var late = new List<ReservedOrder>();
        for (var user = 100; user < 160; user++)
        {
            late.Add(await sale.ReserveAsync(user));
        }

        await sale.LoseAsync();
        using var returner = stores.Returns(batch: 5);
        await returner.StartAsync(CancellationToken.None);
        var rebuilds = Enumerable.Range(0, 3).Select(_ => Task.Run(() => RebuildAsync(sale))).ToList();
        var workers = late.Chunk(3).Select(batch => Task.Run(() => sale.ConsumeAsync(batch))).ToList();
        var buyers = orders.Take(30).Select(order => Task.Run(() => stores.Closing.TryCancelAsync(order.OrderId, default))).ToList();
        await Task.WhenAll([.. rebuilds, .. workers, .. buyers]);
        await sale.AllReturnedAsync();
        await returner.StopAsync(CancellationToken.None);
        var outcomes = await Task.WhenAll(rebuilds);
        Assert.Contains(RebuildOutcome.Done, outcomes);
        Assert.All(outcomes, outcome => Assert.True(outcome is RebuildOutcome.Done or RebuildOutcome.Running, outcome.ToString()));
        await sale.AssertConservedAsync(200);
        Assert.Equal(110, (await sale.InspectAsync()).Available);
        Assert.Empty((await stores.Auditor.AuditAsync(await sale.AuditedAsync(), CancellationToken.None)).Findings);
    }

    [Fact]
    public async Task Data_that_is_lost_during_a_rebuild_stops_it()
    {
        var (sale, _, _) = await LostAsync();
        var rebuild = stores.Rebuild(async at => await (at == RebuildStep.Epoch ? sale.LoseAsync() : Task.CompletedTask));
        Assert.Equal(RebuildOutcome.LostAgain, await rebuild.RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.TryReserveAsync(50)).Outcome);
        Assert.Equal(RebuildOutcome.Done, await RebuildAsync(sale));
        await sale.ReturnAllAsync();
        await sale.AssertConservedAsync(20);
    }

    [Fact]
    public async Task A_rebuild_that_was_frozen_while_another_was_made_changes_nothing()
    {
        var (sale, _, _) = await LostAsync();
        var stale = "";
        await Assert.ThrowsAsync<KilledException>(async () => await stores.Rebuild(async at =>
        {
            stale = at == RebuildStep.Reset ? (await stores.Redis.HashGetAsync(sale.Keys.State, "rebuild"))! : stale;
            _ = at == RebuildStep.Reset ? throw new KilledException() : 0;
        }).RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        await RebuildAsync(sale);
        var plan = (await sale.AuditedAsync()).Plan;
        Assert.Equal(ResetOutcome.Superseded, await stores.Repair.ResetAsync(sale.Keys, plan, stale));
        Assert.False(await stores.Repair.ReopenAsync(sale.Keys, stale, 9, ItemState.Open));
        await sale.ReturnAllAsync();
        await sale.AssertConservedAsync(20);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task A_change_of_stock_that_is_half_made_is_made_once(int delta)
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        await sale.PlaceManyAsync(2);
        await sale.ExecuteAsync(
            """
            insert into stock_changes (sale_id, sku_id, idempotency_key, delta) values (@SaleId, @SkuId, 'half', @delta);
            update sale_items set allocated = allocated + greatest(@delta, 0) where sale_id = @SaleId
            """,
            new { sale.Item.SaleId, sale.Item.SkuId, delta });
        await stores.Stock.AdjustAsync(sale.Keys, "half", delta);
        await sale.LoseAsync();
        await RebuildAsync(sale);
        Assert.Equal(StockChangeOutcome.Made, await stores.Changes.FinishAsync(sale.Item, "half", delta, CancellationToken.None));
        await sale.AssertConservedAsync(20 + delta);
    }

    [Fact]
    public async Task An_item_that_was_closed_by_hand_stays_closed_and_keeps_what_is_in_quarantine()
    {
        var (sale, late, _) = await LostAsync();
        await stores.Quarantine.AddAsync(sale.Message(late), "test", CancellationToken.None);
        await stores.Losses.WatchAsync(CancellationToken.None);
        await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        Assert.Equal(ItemState.Lost, (await sale.InspectAsync()).State);
        await RebuildAsync(sale);
        var state = await sale.InspectAsync();
        Assert.Equal((ItemState.Closed, 13, 7), (state.State, state.Available, state.Held));
        await sale.ReturnAllAsync();
        Assert.Empty((await stores.Auditor.AuditAsync(await sale.AuditedAsync(), CancellationToken.None)).Findings);
    }

    /// <summary>
    /// 20 units: four live orders, one of them paid; one that is closed and waits for its return; one of three units whose message is
    /// late. Then Redis is empty.
    /// </summary>
    private async Task<(TestSale Sale, ReservedOrder Late, ReservedOrder Closed)> LostAsync()
    {
        var sale = await TestSale.OpenAsync(stores, units: 20, limit: 3);
        var orders = await sale.PlaceManyAsync(5);
        await sale.PayAsync(orders[1], $"pay-{orders[1].OrderId}");
        var late = await sale.ReserveAsync(9, 3);
        await stores.Closing.TryCancelAsync(orders[0].OrderId, CancellationToken.None);
        await sale.LoseAsync();
        return (sale, late, orders[0]);
    }

    private async Task<RebuildOutcome> RebuildAsync(TestSale sale) =>
        await stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None);

    private async Task StartAuditorUntilAsync(Func<Task<bool>> condition)
    {
        await using var audit = await RunningAudit.StartAsync(stores, new AuditorOptions { IntervalMilliseconds = 10 });
        await Eventually.IsTrueAsync("the auditor stops the item", condition);
    }

    private sealed class KilledException : Exception;
}
