using System.Text.Json;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise: the page of a shop lists what can be bought now or soon, and lacks no sale because Redis has lost it. Broken by a list that
/// is only as whole as Redis, by one that judges a sale by its first item alone, and by one that keeps what is over.
/// </summary>
public sealed class SaleListTests(StorefrontHost storefront)
{
    [Fact]
    public async Task The_list_has_open_and_upcoming_sales()
    {
        var open = await TestItem.OpenEverywhereAsync();
        var upcoming = await TestItem.OpenEverywhereAsync(opensIn: TimeSpan.FromMinutes(10));
        var over = await TestItem.OpenEverywhereAsync(opensIn: TimeSpan.FromHours(-2), closesIn: TimeSpan.FromHours(-1));
        var closed = await TestItem.OpenEverywhereAsync();
        await TestItem.Ledger.CloseAsync(closed.Keys, 0);
        await IsListedAsync(open, "open", soldOut: false);
        await IsListedAsync(upcoming, "upcoming", soldOut: false);
        var list = await ListAsync();
        Assert.Equal(["serverTime", "sales"], list.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            ["saleId", "name", "opensAt", "closesAt", "state", "soldOut"],
            Find(list, open)!.Value.EnumerateObject().Select(member => member.Name));
        Assert.Null(Find(list, over));
        Assert.Null(Find(list, closed));
        var times = list.GetProperty("sales").EnumerateArray().Select(sale => sale.GetProperty("opensAt").GetDateTimeOffset()).ToList();
        Assert.Equal(times.Order(), times);
    }

    [Fact]
    public async Task A_sale_is_sold_out_when_no_item_has_a_unit()
    {
        var sale = await TestItem.OpenEverywhereAsync(units: 1);
        await IsListedAsync(sale, "open", soldOut: false);
        await sale.ReserveOneAsync(7);
        await IsListedAsync(sale, "open", soldOut: true);
        await Servers.Database.HashIncrementAsync(sale.Keys.State, "available", 1);
        await IsListedAsync(sale, "open", soldOut: false);
    }

    [Fact]
    public async Task A_sale_whose_second_item_is_for_sale_is_not_sold_out()
    {
        var sale = await TestItem.OpenEverywhereAsync(units: 0);
        var second = new Seckill.Shared.Stock.ItemKey(sale.Key.SaleId, 1002);
        await TestItem.Ledger.WarmAsync(new(second), sale.Plan(units: 1));
        await new Seckill.Shared.Stock.SaleCatalog(Servers.Redis).AddSaleAsync(
            new(sale.Key.SaleId, "Test", [sale.Key.SkuId, second.SkuId]));
        await IsListedAsync(sale, "open", soldOut: false);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_sale_that_Redis_has_lost_stays_in_the_list(bool wasSeen)
    {
        var sale = await TestItem.OpenEverywhereAsync();
        if (wasSeen)
        {
            await IsListedAsync(sale, "open", soldOut: false);
        }

        await Servers.Database.KeyDeleteAsync(sale.Keys.State);
        await IsListedAsync(sale, "open", soldOut: null);
    }

    private Task<TimeSpan> IsListedAsync(TestItem item, string state, bool? soldOut) =>
        Eventually.IsTrueAsync($"the sale is listed as {state}, sold out: {soldOut}", async () =>
            Find(await ListAsync(), item) is { } sale
            && sale.GetProperty("state").GetString() == state
            && (sale.TryGetProperty("soldOut", out var value) ? value.GetBoolean() : null as bool?) == soldOut);

    private static JsonElement? Find(JsonElement list, TestItem item) =>
        list.GetProperty("sales").EnumerateArray().Where(sale => sale.GetProperty("saleId").GetInt64() == item.Key.SaleId)
            .Select(sale => (JsonElement?)sale).SingleOrDefault();

    private async Task<JsonElement> ListAsync()
    {
        using var client = storefront.CreateClient();
        return JsonDocument.Parse(await client.GetStringOfAsync("/sales")).RootElement;
    }
}
