using System.Net;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Sales;

/// <summary>
/// An operator clicks twice, a process dies halfway, Redis is restored from nothing: stock must enter a sale exactly once.
/// </summary>
public sealed class OpenAndCloseTests(Administration administration)
{
    [Fact]
    public async Task An_opened_sale_has_its_stock_and_is_known_to_the_storefront()
    {
        var sale = await PlannedSale.CreateAsync(administration);
        var opened = await administration.DoesAsync("POST", sale.Path + "/open");
        Assert.Equal("open", opened.GetProperty("state").GetString());
        var state = (await TestItem.Ledger.InspectAsync(sale.Keys))!;
        Assert.Equal((10, 0, 10, 2, 4999L, "EUR", 900), (
            state.Available, state.Held, state.Allocated, state.LimitPerUser, state.UnitPrice,
            state.Currency, state.PaymentTimeoutSeconds));
        var catalog = new SaleCatalog(Servers.Redis);
        Assert.Equal(sale.Keys.Item, await catalog.FindItemAsync(state.Number));
        Assert.Equal([PlannedSale.SkuId], (await catalog.FindSaleAsync(sale.Id))!.SkuIds);
    }

    [Fact]
    public async Task Opening_twice_never_adds_stock()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(7, 2)).Outcome);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => administration.DoesAsync("POST", sale.Path + "/open")));
        var state = (await TestItem.Ledger.InspectAsync(sale.Keys))!;
        Assert.Equal((8, 2, 10), (state.Available, state.Held, state.Allocated));
    }

    [Fact]
    public async Task Many_who_open_at_once_open_one_sale()
    {
        var sale = await PlannedSale.CreateAsync(administration);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => administration.DoesAsync("POST", sale.Path + "/open")));
        Assert.Equal(10, (await TestItem.Ledger.InspectAsync(sale.Keys))!.Available);
    }

    [Fact]
    public async Task A_sale_that_Redis_has_lost_is_not_opened_from_the_plan()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await sale.ReserveAsync(7);
        await PlannedSale.Redis.KeyDeleteAsync(sale.Keys.State);
        await administration.RefusesAsync(HttpStatusCode.Conflict, "stock-lost", "POST", sale.Path + "/open");
        Assert.Null(await TestItem.Ledger.InspectAsync(sale.Keys));
    }

    [Fact]
    public async Task A_closed_sale_sells_nothing_and_opens_again_with_what_is_left()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await sale.ReserveAsync(7);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("closed", (await administration.DoesAsync("POST", sale.Path + "/close")).GetProperty("state").GetString());
        }

        Assert.Equal(ReserveOutcome.Closed, (await sale.ReserveAsync(8)).Outcome);
        Assert.Equal("open", (await administration.DoesAsync("POST", sale.Path + "/open")).GetProperty("state").GetString());
        Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(8)).Outcome);
        Assert.Equal(8, (await TestItem.Ledger.InspectAsync(sale.Keys))!.Available);
    }

    [Fact]
    public async Task A_sale_that_was_never_opened_cannot_be_closed()
    {
        var sale = await PlannedSale.CreateAsync(administration);
        await administration.RefusesAsync(HttpStatusCode.Conflict, "sale-never-opened", "POST", sale.Path + "/close");
        Assert.Equal("created", (await administration.DoesAsync("GET", sale.Path)).GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("POST", "/open")]
    [InlineData("POST", "/close")]
    [InlineData("GET", "/ledger")]
    public async Task A_sale_that_does_not_exist_is_unknown(string method, string path) =>
        await administration.RefusesAsync(HttpStatusCode.NotFound, "unknown-sale", method, new PlannedSale(administration).Path + path);
}
