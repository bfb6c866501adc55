using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Rebuild;
using Seckill.InventoryService.Refunds;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Ledger;

/// <summary>
/// Promise: a change of stock in mid-sale is made once in both stores, or in neither. Two stores cannot change at one instant, so a
/// kill or a second caller between them could leave the plan and the stock apart for good. The real stores, because their atomicity
/// decides.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class StockChangeTests(StoreFixture stores)
{
    [Fact]
    public async Task A_withdrawal_that_one_caller_is_refused_and_another_makes_is_made_in_both_stores_or_in_neither()
    {
        var sale = await TestSale.OpenAsync(stores, units: 1);
        var order = await sale.ReserveAsync(1);
        await sale.ExecuteAsync(
            "insert into stock_changes (sale_id, sku_id, idempotency_key, delta) values (@SaleId, @SkuId, 'withdraw', -1)",
            new { sale.Item.SaleId, sale.Item.SkuId });
        await using var connection = await stores.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync(
            "select from stock_changes where sale_id = @SaleId for update", new { sale.Item.SaleId });

        // The first caller finds nothing to withdraw; then the unit comes back, and the second finds it.
        var first = ChangeAsync(sale, "withdraw", -1);
        await WaitingAsync(sale, 1);
        await stores.Stock.ReleaseAsync(sale.Keys, [order.OrderId]);
        var second = ChangeAsync(sale, "withdraw", -1);
        await WaitingAsync(sale, 2);
        await transaction.RollbackAsync();
        await Task.WhenAll(first, second);
        Assert.Equal(
            (await sale.InspectAsync()).Allocated, await sale.ScalarAsync<int>("select allocated from sale_items where sale_id = @SaleId"));
    }

    [Fact]
    public async Task A_withdrawal_that_was_refused_is_not_made_by_a_copy_of_the_call_that_comes_late()
    {
        var sale = await TestSale.OpenAsync(stores, units: 1);
        var order = await sale.ReserveAsync(1);
        Assert.Equal(StockChangeOutcome.NotEnough, await ChangeAsync(sale, "withdraw", -1));
        var refused = ((string)(await stores.Redis.SetMembersAsync(sale.Keys.Changes)).Single()!).Split(' ');
        await stores.Stock.ReleaseAsync(sale.Keys, [order.OrderId]);
        Assert.Equal(
            AdjustOutcome.NotEnough,
            await stores.Stock.AdjustAsync(sale.Keys, refused[0], -1, long.Parse(refused[1], CultureInfo.InvariantCulture)));
        await sale.AssertConservedAsync(1);
        // The key is free again: nothing was changed with it.
        Assert.Equal(StockChangeOutcome.Made, await ChangeAsync(sale, "withdraw", -1));
        await sale.AssertConservedAsync(0);
    }

    [Fact]
    public async Task Units_are_added_to_an_item_that_owes_more()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        await stores.Redis.HashIncrementAsync(sale.Keys.State, "available", -20);
        Assert.Equal(StockChangeOutcome.Made, await ChangeAsync(sale, "add", 5));
        Assert.Equal(-5, (await sale.InspectAsync()).Available);
        await stores.Redis.HashIncrementAsync(sale.Keys.State, "available", 20);
        await sale.AssertConservedAsync(15);
    }

    [Fact]
    public async Task A_key_changes_the_stock_once_however_many_ask()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ChangeAsync(sale, "add", 5)));
        Assert.All(outcomes, outcome => Assert.Equal(StockChangeOutcome.Made, outcome));
        Assert.Equal(StockChangeOutcome.KeyReused, await ChangeAsync(sale, "add", 6));
        Assert.Equal(StockChangeOutcome.Made, await ChangeAsync(sale, "withdraw", -15));
        Assert.Equal(StockChangeOutcome.NotEnough, await ChangeAsync(sale, "too much", -1));
        await sale.AssertConservedAsync(0);
    }

    [Theory]
    [InlineData(7, false)]
    [InlineData(7, true)]
    [InlineData(-7, false)]
    [InlineData(-7, true)]
    public async Task A_change_that_a_kill_left_half_made_is_finished(int delta, bool killedAfterRedis)
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        await sale.ExecuteAsync(
            """
            insert into stock_changes (sale_id, sku_id, idempotency_key, delta, started_at)
            values (@SaleId, @SkuId, 'killed', @delta, now() - interval '1 minute');
            update sale_items set allocated = allocated + greatest(@delta, 0) where sale_id = @SaleId
            """,
            new { sale.Item.SaleId, sale.Item.SkuId, delta });
        if (killedAfterRedis)
        {
            await stores.Stock.AdjustAsync(sale.Keys, "killed", delta);
        }

        await FinishAsync(sale);
        await sale.AssertConservedAsync(10 + delta);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(-5)]
    public async Task A_copy_of_a_change_that_arrives_after_a_rebuild_changes_nothing(int delta)
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        Assert.Equal(StockChangeOutcome.Made, await ChangeAsync(sale, "late", delta));
        var made = ((string)(await stores.Redis.SetMembersAsync(sale.Keys.Changes)).Single()!).Split(' ');
        await sale.LoseAsync();
        Assert.Equal(
            RebuildOutcome.Done, await stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        Assert.Equal(
            AdjustOutcome.NotWarm,
            await stores.Stock.AdjustAsync(
                sale.Keys, made[0], delta, long.Parse(made[1], CultureInfo.InvariantCulture), epoch: 1));
        await sale.AssertConservedAsync(10 + delta);
    }

    [Fact]
    public async Task A_change_that_cannot_be_finished_does_not_stand_before_the_others()
    {
        var (broken, sound) = (await TestSale.OpenAsync(stores, units: 10), await TestSale.OpenAsync(stores, units: 10));
        // PostgreSQL will refuse the first one's end, for fewer units are planned than it withdraws.
        await broken.ExecuteAsync("update sale_items set allocated = 3 where sale_id = @SaleId");
        foreach (var (sale, age) in new[] { (broken, "2 minutes"), (sound, "1 minute") })
        {
            await sale.ExecuteAsync(
                "insert into stock_changes (sale_id, sku_id, idempotency_key, delta, started_at)"
                + $" values (@SaleId, @SkuId, 'killed', -5, now() - interval '{age}')",
                new { sale.Item.SaleId, sale.Item.SkuId });
        }

        await FinishAsync(sound);
        await sound.AssertConservedAsync(5);
        Assert.Equal(1, await broken.CountAsync("stock_changes where sale_id = @SaleId and done_at is null"));
        // Once somebody has put the plan right, it is finished like any other.
        await broken.ExecuteAsync("update sale_items set allocated = 10 where sale_id = @SaleId");
        await FinishAsync(broken);
        await broken.AssertConservedAsync(5);
    }

    [Fact]
    public async Task Opening_and_closing_again_never_adds_stock()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        await sale.PlaceManyAsync(2);
        await ChangeAsync(sale, "add", 5);
        await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => stores.Opening.OpenAsync(sale.Item.SaleId, CancellationToken.None)));
        await sale.AssertConservedAsync(15);
    }

    [Fact]
    public async Task Starting_services_again_and_opening_again_never_adds_stock()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        await sale.PlaceManyAsync(2);
        await ChangeAsync(sale, "add", 5);
        await stores.Closing.TryCancelAsync((await sale.StatusesAsync()).Keys.First(), CancellationToken.None);
        for (var start = 0; start < 2; start++)
        {
            // As at a deployment: everything twice, and somebody opens the sale at each.
            await using var api = Shop.NewApi();
            await using var one = new RunningService<Refund>(("Sweeper:MinimumAgeMilliseconds", "600000"));
            await using var two = new RunningService<Refund>(("Sweeper:MinimumAgeMilliseconds", "600000"));
            api.StartServer();
            await Task.WhenAll(new[] { one, two, one, two }.Select(async inventory =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"/sales/{sale.Item.SaleId}/open");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", DevelopmentKeys.Ops);
                using var answer = await inventory.Client.SendAsync(request).WaitAsync(Eventually.Limit);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }));
            await sale.AllReturnedAsync();
            await sale.AssertConservedAsync(15);
            Assert.Equal(14, (await sale.InspectAsync()).Available);
        }
    }

    [Fact]
    public async Task A_change_that_was_interrupted_before_the_clock_was_set_back_is_finished_at_once()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        await sale.ExecuteAsync(
            """
            insert into stock_changes (sale_id, sku_id, idempotency_key, delta, started_at)
            values (@SaleId, @SkuId, 'withdraw', -2, now() + interval '1 hour')
            """,
            new { sale.Item.SaleId, sale.Item.SkuId });
        await FinishAsync(sale);
        await sale.AssertConservedAsync(3);
    }

    private async Task FinishAsync(TestSale sale)
    {
        using var finisher = new StockChangeFinisher(stores.Changes, TimeProvider.System, NullLogger<StockChangeFinisher>.Instance);
        await finisher.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync(
            "the change is finished", async () => await sale.CountAsync("stock_changes where sale_id = @SaleId and done_at is null") == 0);
        await finisher.StopAsync(CancellationToken.None);
    }

    private static Task<TimeSpan> WaitingAsync(TestSale sale, int callers) => Eventually.IsTrueAsync(
        $"{callers} callers wait for the row",
        async () => await sale.CountAsync(
            "pg_stat_activity where application_name = 'order-life-tests' and wait_event_type = 'Lock' and query like '%stock_changes%'")
            >= callers);

    private Task<StockChangeOutcome> ChangeAsync(TestSale sale, string key, int delta) =>
        stores.Changes.ChangeAsync(sale.Item, key, delta, CancellationToken.None);
}
