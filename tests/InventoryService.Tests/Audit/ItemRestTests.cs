using Dapper;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Contracts;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: an item of which nothing can change costs no round anything, and every other is looked at as always. Broken by an item that
/// rests while something of it is under way or unpaid, and by one that does not wake when something of it changes.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class ItemRestTests(StoreFixture stores)
{
    [Fact]
    public async Task An_item_whose_sale_is_over_rests_after_a_clean_audit_and_no_round_looks_at_it()
    {
        var sale = await EndedAsync();
        Assert.True(await IsLookedAtAsync(sale));
        Assert.True(await RestAsync(sale));
        Assert.False(await IsLookedAtAsync(sale));
        // On demand as always.
        await sale.AssertConservedAsync(9);
        Assert.True(await RestAsync(sale));
    }

    [Theory]
    [InlineData("open")]
    [InlineData("over for a minute")]
    [InlineData("closed once more in PostgreSQL alone")]
    [InlineData("unpaid")]
    [InlineData("not returned")]
    [InlineData("in the outbox")]
    [InlineData("withdrawal under way")]
    [InlineData("in quarantine")]
    [InlineData("lost")]
    [InlineData("rebuild under way")]
    [InlineData("broken")]
    [InlineData("other stock than planned")]
    [InlineData("changes during the audit")]
    public async Task An_item_does_not_rest_while_it_can_change(string why)
    {
        var sale = await TestSale.OpenAsync(stores, units: 9, payWithinSeconds: 60);
        var order = await sale.ReserveAsync(1);
        if (why != "in the outbox")
        {
            await sale.ConsumeAsync(order);
            if (why is not ("unpaid" or "not returned"))
            {
                await sale.PayAsync(order, $"pay-{order.OrderId}");
            }
        }

        if (why == "in quarantine")
        {
            var refused = await sale.ReserveAsync(2);
            await stores.Quarantine.AddAsync(sale.Message(refused), "a Friday", CancellationToken.None);
            await stores.Stock.SettleAsync(sale.Keys, [refused.OrderId]);
        }

        if (why == "over for a minute")
        {
            // The clock of Redis may be set back.
            await sale.ExecuteAsync("update sales set closes_at = now() - interval '1 minute' where sale_id = @SaleId");
            await stores.Redis.HashSetAsync(
                sale.Keys.State, "closes", new DateTimeOffset((await sale.AuditedAsync()).ClosesAt).ToUnixTimeMilliseconds());
        }
        else if (why != "open")
        {
            await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        }

        await (why switch
        {
            "closed once more in PostgreSQL alone" => stores.Redis.HashDecrementAsync(sale.Keys.State, "state_version"),
            "not returned" => stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None),
            "withdrawal under way" => sale.ExecuteAsync(
                """
                insert into stock_changes (sale_id, sku_id, idempotency_key, delta)
                select sale_id, sku_id, 'half', -1 from sale_items where sale_id = @SaleId
                """),
            "lost" => sale.ExecuteAsync("update sale_items set lost_at = now() where sale_id = @SaleId"),
            "rebuild under way" => sale.ExecuteAsync(
                """
                insert into rebuilds (sale_id, sku_id, started_at, due_at)
                select sale_id, sku_id, now(), 'infinity' from sale_items where sale_id = @SaleId
                """),
            "broken" => stores.Redis.HashIncrementAsync(sale.Keys.State, "available"),
            "other stock than planned" => Task.WhenAll(
                stores.Redis.HashIncrementAsync(sale.Keys.State, "allocated"),
                stores.Redis.HashIncrementAsync(sale.Keys.State, "available")),
            _ => Task.CompletedTask,
        });
        Assert.False(await RestAsync(
            sale, why == "changes during the audit" ? () => stores.Redis.HashIncrementAsync(sale.Keys.State, "repairs") : null));
        Assert.True(await IsLookedAtAsync(sale));
        await sale.ExecuteAsync("delete from rebuilds where sale_id = @SaleId; delete from stock_changes where sale_id = @SaleId");
    }

    [Theory]
    [InlineData("opened")]
    [InlineData("closed again")]
    [InlineData("stock added")]
    [InlineData("withdrawal begun")]
    [InlineData("late order")]
    [InlineData("late order in quarantine")]
    [InlineData("loss")]
    [InlineData("audit with findings")]
    [InlineData("another Redis")]
    [InlineData("a look finds it changed")]
    public async Task An_item_at_rest_wakes_when_something_of_it_changes(string what)
    {
        await stores.RetireSalesAsync();
        var sale = await EndedAsync();
        var other = await EndedAsync();
        Assert.True(await RestAsync(sale));
        Assert.True(await RestAsync(other));
        var late = new ReservedOrder(
            (await sale.AuditedAsync()).Number + Guid.NewGuid().ToString("N")[..24], 7, 1, TimeProvider.System.GetUtcNow());
        await (what switch
        {
            "opened" => stores.Opening.OpenAsync(sale.Item.SaleId, CancellationToken.None),
            "closed again" => stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None),
            "stock added" => stores.Changes.ChangeAsync(new StockChange(sale.Item, "more", 1), CancellationToken.None),
            // Killed before Redis had it.
            "withdrawal begun" => sale.ExecuteAsync(
                """
                insert into stock_changes (sale_id, sku_id, idempotency_key, delta)
                select sale_id, sku_id, 'half', -1 from sale_items where sale_id = @SaleId
                """),
            "late order" => stores.Orders.PlaceAsync(sale.Message(late), CancellationToken.None),
            "late order in quarantine" => stores.Quarantine.AddAsync(sale.Message(late), "a Friday", CancellationToken.None),
            "loss" => sale.ExecuteAsync("update sale_items set lost_at = now() where sale_id = @SaleId"),
            "audit with findings" => stores.Rest.WakeAsync(sale.Item.SaleId, null, CancellationToken.None),
            "another Redis" => WatchAnotherRedisAsync(),
            _ => LookAsync(sale),
        });
        Assert.True(await IsLookedAtAsync(sale));
        Assert.Equal(what == "another Redis", await IsLookedAtAsync(other));
        await sale.ExecuteAsync("delete from stock_changes where sale_id = @SaleId");
    }

    [Fact]
    public async Task The_item_that_was_not_looked_at_for_longest_is_looked_at_next()
    {
        await stores.RetireSalesAsync();
        await using (var connection = await stores.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync("update sale_items set rested_at = null where rested_at is not null");
        }

        TestSale[] sales = [await EndedAsync(), await EndedAsync(), await EndedAsync()];
        foreach (var sale in sales)
        {
            Assert.True(await RestAsync(sale));
        }

        foreach (var sale in sales.Concat(sales))
        {
            Assert.Equal(sale.Item, (await stores.Rows.FindRestingAsync(CancellationToken.None))!.Key);
            Assert.Null(await stores.Rest.LookAtOneAsync(CancellationToken.None));
        }
    }

    private async Task LookAsync(TestSale sale)
    {
        await stores.Redis.HashIncrementAsync(sale.Keys.State, "held");
        await sale.ExecuteAsync("update sale_items set rested_at = '2020-01-01' where sale_id = @SaleId");
        Assert.Equal(sale.Item, await stores.Rest.LookAtOneAsync(CancellationToken.None));
    }

    private async Task WatchAnotherRedisAsync()
    {
        await using (var connection = await stores.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync("delete from redis_marks");
        }

        await stores.Losses.WatchAsync(CancellationToken.None);
    }

    // A sale that was closed, with an order that is paid and one whose unit came back.
    private async Task<TestSale> EndedAsync()
    {
        var sale = await TestSale.OpenAsync(stores, units: 9);
        var orders = await sale.PlaceManyAsync(2);
        await sale.PayAsync(orders[0], $"pay-{orders[0].OrderId}");
        await stores.Closing.TryCancelAsync(orders[1].OrderId, CancellationToken.None);
        await sale.ReturnAllAsync();
        await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        return sale;
    }

    private async Task<bool> RestAsync(TestSale sale, Func<Task>? during = null)
    {
        var item = await sale.AuditedAsync();
        var still = await stores.Rest.FindStillAsync(item);
        await (during ?? (() => Task.CompletedTask))();
        return still is not null && await stores.Rest.TryRestAsync(item, still, CancellationToken.None);
    }

    private async Task<bool> IsLookedAtAsync(TestSale sale)
    {
        var byItems = (await stores.Rows.ItemsAsync(null, CancellationToken.None)).Any(item => item.Key == sale.Item);
        Assert.Equal(byItems, (await stores.Totals.LookAsync(null, CancellationToken.None)).Any(look => look.Key == sale.Item));
        using var active = new ActiveItems(stores.Database, stores.Catalog, TimeProvider.System);
        await active.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync(
            "sweeper, alerts and backlog know as well", async () => (await active.ListAsync()).Contains(sale.Item) == byItems);
        await active.StopAsync(CancellationToken.None);
        return byItems;
    }
}
