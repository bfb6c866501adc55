using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: PostgreSQL owns the terms. Whoever can write to Redis changes neither price nor limit nor window for longer than a round of the
/// loss watch: the item stops, and its rebuild puts the row's terms back. Broken by a watch that compares stock alone.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class TermsInRedisTests(StoreFixture stores)
{
    [Theory]
    [InlineData("price", "1")]
    [InlineData("currency", "JPY")]
    [InlineData("limit", "100")]
    [InlineData("opens", "0")]
    [InlineData("closes", "99999999999999")]
    [InlineData("payment_timeout", "1")]
    [InlineData("number", "0fffffff")]
    [InlineData("orders_per_user", "9")]
    [InlineData("cool_down", "0")]
    public async Task An_item_with_other_terms_than_its_row_is_stopped_and_gets_them_back(string field, string value)
    {
        var sale = await TestSale.OpenAsync(
            stores, units: 20, change: item => item with { OrdersPerUser = 3, CoolDownSeconds = 60 });
        await sale.PlaceManyAsync(3);
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(ItemState.Open, (await sale.InspectAsync()).State);

        await stores.Redis.HashSetAsync(sale.Keys.State, field, value);
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(ItemState.Lost, (await sale.InspectAsync()).State);
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.TryReserveAsync(50)).Outcome);
        Assert.NotNull((await sale.AuditedAsync()).LostAt);

        using var runner = stores.Runner();
        await runner.StartAsync(CancellationToken.None);
        await stores.Jobs.StartAsync(sale.Item.SaleId, onlyLost: true, CancellationToken.None);
        await Eventually.IsTrueAsync("the item is rebuilt", async () => (await sale.InspectAsync()).State == ItemState.Open);
        await runner.StopAsync(CancellationToken.None);
        Assert.True((await sale.InspectAsync()).HasTermsOf((await sale.AuditedAsync()).Plan));
        await sale.AssertConservedAsync(20);
    }
}
