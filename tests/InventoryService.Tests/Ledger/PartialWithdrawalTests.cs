using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Rebuild;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Ledger;

/// <summary>
/// Promise: "withdraw as many as are available" is decided once, in one script, while buyers go on buying; every retry, at any instance and
/// after any kill, gets the number of that decision. Broken by a decision that is made again with other stock: units vanish, or the plan
/// and the stock are apart permanently. Mutants: Redis does not remember the number; PostgreSQL takes the units that were requested.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class PartialWithdrawalTests(StoreFixture stores)
{
    private StockChanges OtherInstance => new(stores.Database, stores.Stock);

    [Fact]
    public async Task It_takes_what_no_order_holds_and_a_retry_is_told_the_same()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        var orders = await sale.PlaceManyAsync(4);
        Assert.Equal((StockChangeOutcome.Made, -6), await WithdrawAsync(stores.Changes, sale, 500));
        await sale.AssertConservedAsync(4);
        await CancelAsync(sale, orders[0].OrderId);
        Assert.Equal((StockChangeOutcome.Made, -6), await WithdrawAsync(OtherInstance, sale, 500));
        await sale.AssertConservedAsync(4);
        Assert.Equal((StockChangeOutcome.KeyReused, 0), await WithdrawAsync(stores.Changes, sale, 499));
        Assert.Equal(
            (StockChangeOutcome.KeyReused, 0),
            await stores.Changes.ChangeAsync(new StockChange(sale.Item, "withdraw", -500), CancellationToken.None));
        Assert.Equal((StockChangeOutcome.Made, -1), await WithdrawAsync(stores.Changes, sale, 1, "another"));
        await sale.AssertConservedAsync(3);
    }

    [Fact]
    public async Task Where_nothing_is_available_it_takes_nothing_also_later()
    {
        var sale = await TestSale.OpenAsync(stores, units: 2);
        var orders = await sale.PlaceManyAsync(2);
        Assert.Equal((StockChangeOutcome.Made, 0), await WithdrawAsync(stores.Changes, sale, 5));
        await CancelAsync(sale, orders[0].OrderId);
        Assert.Equal((StockChangeOutcome.Made, 0), await WithdrawAsync(stores.Changes, sale, 5));
        // Units that are owed are no reason to add some.
        await stores.Redis.HashIncrementAsync(sale.Keys.State, "available", -3);
        Assert.Equal((StockChangeOutcome.Made, 0), await WithdrawAsync(stores.Changes, sale, 5, "owed"));
        await stores.Redis.HashIncrementAsync(sale.Keys.State, "available", 3);
        await sale.AssertConservedAsync(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_kill_between_the_stores_changes_nothing_of_the_decision(bool finishedByRetry)
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        var orders = await sale.PlaceManyAsync(4);
        var killed = new StockChanges(stores.Database, stores.Stock)
        {
            BeforeCommit = () => throw new InvalidOperationException("killed"),
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => WithdrawAsync(killed, sale, 500));
        await CancelAsync(sale, orders[0].OrderId);
        if (!finishedByRetry)
        {
            await FinishAsync(sale);
        }

        Assert.Equal((StockChangeOutcome.Made, -6), await WithdrawAsync(stores.Changes, sale, 500));
        await sale.AssertConservedAsync(4);
    }

    [Fact]
    public async Task While_buyers_buy_the_first_request_succeeds_and_all_who_ask_are_told_the_same()
    {
        var sale = await TestSale.OpenAsync(stores, units: 1_000, limit: 1_000);
        using var over = new CancellationTokenSource();
        var buying = Task.Run(async () =>
        {
            for (var user = 1; !over.IsCancellationRequested; user++)
            {
                await sale.TryReserveAsync(user);
            }
        });
        await Eventually.IsTrueAsync("buyers buy", async () => (await sale.InspectAsync()).Held > 20);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            WithdrawAsync(i % 2 == 0 ? stores.Changes : OtherInstance, sale, 100_000)));
        await over.CancelAsync();
        await buying;
        var (outcome, units) = Assert.Single(answers.Distinct());
        Assert.Equal(StockChangeOutcome.Made, outcome);
        var redis = await sale.InspectAsync();
        Assert.Equal((0, 1_000 + units, 1_000 + units), (redis.Available, redis.Allocated, redis.Held));
        Assert.Equal(redis.Allocated, await sale.ScalarAsync<int>("select allocated from sale_items where sale_id = @SaleId"));
    }

    [Fact]
    public async Task A_rebuild_before_PostgreSQL_has_it_lets_it_be_decided_again()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        var orders = await sale.PlaceManyAsync(4);
        var killed = new StockChanges(stores.Database, stores.Stock)
        {
            BeforeCommit = () => throw new InvalidOperationException("killed"),
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => WithdrawAsync(killed, sale, 500));
        await CancelAsync(sale, orders[0].OrderId);
        var made = ((string)(await stores.Redis.SetMembersAsync(sale.Keys.Changes)).Single()!).Split(' ');
        await sale.LoseAsync();
        Assert.Equal(RebuildOutcome.Done, await stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        // The call of the killed process comes late.
        var late = new StockAdjustment(made[0], -500, long.Parse(made[1], CultureInfo.InvariantCulture), Epoch: 1, Partial: true);
        Assert.Equal((AdjustOutcome.NotWarm, 0), await stores.Stock.AdjustAsync(sale.Keys, late));
        Assert.Equal((StockChangeOutcome.Made, -7), await WithdrawAsync(stores.Changes, sale, 500));
        await sale.AssertConservedAsync(3);
    }

    private async Task CancelAsync(TestSale sale, string orderId)
    {
        Assert.True(await stores.Closing.TryCancelAsync(orderId, CancellationToken.None));
        await sale.ReturnAllAsync();
    }

    private async Task FinishAsync(TestSale sale)
    {
        using var finisher = new StockChangeFinisher(stores.Changes, TimeProvider.System, NullLogger<StockChangeFinisher>.Instance);
        await finisher.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync(
            "the change is finished", async () => await sale.CountAsync("stock_changes where sale_id = @SaleId and done_at is null") == 0);
        await finisher.StopAsync(CancellationToken.None);
    }

    private static Task<(StockChangeOutcome Outcome, int Units)> WithdrawAsync(
        StockChanges changes, TestSale sale, int units, string key = "withdraw") =>
        changes.ChangeAsync(new StockChange(sale.Item, key, -units, Partial: true), CancellationToken.None);
}
