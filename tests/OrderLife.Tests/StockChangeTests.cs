using Microsoft.Extensions.Logging.Abstractions;
using Seckill.InventoryService.Reconciliation;
using Seckill.InventoryService.Sales;

namespace Seckill.OrderLife.Tests;

/// <summary>
/// Promise: a change of stock in mid-sale is made once in both stores, or in neither. Two stores cannot change at one instant, so a
/// kill or a second caller between them could leave the plan and the stock apart for good. The real stores, because their atomicity decides.
/// </summary>
public sealed class StockChangeTests(Stores stores)
{
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

        using var finisher = new StockChangeFinisher(stores.Changes, TimeProvider.System, NullLogger<StockChangeFinisher>.Instance);
        await finisher.StartAsync(CancellationToken.None);
        await Eventually.HoldsAsync(
            async () => await sale.CountAsync("stock_changes where sale_id = @SaleId and done_at is null") == 0, "the change is finished");
        await finisher.StopAsync(CancellationToken.None);
        await sale.AssertConservedAsync(10 + delta);
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

    private Task<StockChangeOutcome> ChangeAsync(TestSale sale, string key, int delta) =>
        stores.Changes.ChangeAsync(sale.Item, key, delta, CancellationToken.None);
}
