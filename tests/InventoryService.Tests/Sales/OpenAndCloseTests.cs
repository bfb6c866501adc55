using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Seckill.InventoryService.Sales;
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
    public async Task A_sale_that_Redis_loses_while_it_is_opened_is_not_opened_from_the_plan()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await sale.ReserveAsync(7);
        await administration.DoesAsync("POST", sale.Path + "/close");
        var opening = Opening(() => PlannedSale.Redis.KeyDeleteAsync(sale.Keys.State));
        Assert.Equal(OpeningOutcome.StockLost, await opening.OpenAsync(sale.Id, CancellationToken.None));
        Assert.Null(await TestItem.Ledger.InspectAsync(sale.Keys));
    }

    [Theory]
    [InlineData("open", "close", "closed")]
    [InlineData("close", "open", "open")]
    public async Task A_statement_that_comes_late_does_not_undo_what_was_asked_for_since(string late, string call, string state)
    {
        var store = administration.Services.GetRequiredService<SaleStore>();
        var sale = await PlannedSale.OpenAsync(administration);
        await administration.DoesAsync("POST", $"{sale.Path}/{call}");
        var read = (await store.FindStateAsync(sale.Id, CancellationToken.None)).Version;
        // The operator has given up, and asks for the state that the sale has already.
        await administration.DoesAsync("POST", $"{sale.Path}/{call}");
        var lateState = late == "open" ? SaleState.Open : SaleState.Closed;
        Assert.Null(await store.TrySetStateAsync(sale.Id, lateState, read, CancellationToken.None));
        Assert.Equal(state, (await administration.DoesAsync("GET", sale.Path)).GetProperty("state").GetString());
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

    [Fact]
    public async Task A_close_that_comes_while_a_sale_is_opened_wins_and_the_opening_says_so()
    {
        var sale = await PlannedSale.CreateAsync(administration);
        var opening = Opening(async () => await administration.DoesAsync("POST", sale.Path + "/close"));
        Assert.Equal(OpeningOutcome.Superseded, await opening.OpenAsync(sale.Id, CancellationToken.None));
        Assert.Equal("closed", (await administration.DoesAsync("GET", sale.Path)).GetProperty("state").GetString());
        Assert.NotEqual(ReserveOutcome.Reserved, (await sale.ReserveAsync(7)).Outcome);
        Assert.Equal("open", (await administration.DoesAsync("POST", sale.Path + "/open")).GetProperty("state").GetString());
        Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(7)).Outcome);
    }

    [Fact]
    public async Task Of_openings_and_closings_at_once_the_last_one_holds_in_both_stores_and_for_every_item()
    {
        for (var round = 0; round < 10; round++)
        {
            var sale = await PlannedSale.CreateAsync(administration, items: 60);
            var path = sale.Path;
            await administration.DoesAsync("POST", path + "/open");
            var answers = await Task.WhenAll(
                administration.AskAsync("POST", path + "/close"), administration.AskAsync("POST", path + "/open"),
                administration.AskAsync("POST", path + "/close"));
            Assert.All(answers, answer => Assert.True((int)answer.Status is 200 or 409));
            var state = (await administration.DoesAsync("GET", path)).GetProperty("state").GetString();
            var items = await Task.WhenAll(Enumerable.Range(0, 60).Select(i =>
                TestItem.Ledger.InspectAsync(new ItemKeys(new ItemKey(sale.Id, PlannedSale.SkuId + i)))));
            Assert.All(items, item => Assert.Equal(state, item!.State.Text()));
        }
    }

    [Fact]
    public async Task A_sale_made_anew_does_not_sell_the_old_stock_at_the_old_price()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await administration.DoesAsync("POST", sale.Path + "/close");
        await using (var connection = await Servers.Orders.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                "delete from sale_items where sale_id = @Id; delete from sales where sale_id = @Id", new { sale.Id });
        }

        await administration.DoesAsync("POST", "/sales", sale.Json(("4999", "9999")));
        await administration.RefusesAsync(HttpStatusCode.Conflict, "stock-differs", "POST", sale.Path + "/open");
        Assert.Equal("created", (await administration.DoesAsync("GET", sale.Path)).GetProperty("state").GetString());
        Assert.Equal(ReserveOutcome.Closed, (await sale.ReserveAsync(7)).Outcome);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("POST", "/open")]
    [InlineData("POST", "/close")]
    [InlineData("GET", "/ledger")]
    public async Task A_sale_that_does_not_exist_is_unknown(string method, string path) =>
        await administration.RefusesAsync(HttpStatusCode.NotFound, "unknown-sale", method, new PlannedSale(administration).Path + path);

    private SaleOpening Opening(Func<Task> beforeRedis)
    {
        var services = administration.Services;
        return new SaleOpening(
            services.GetRequiredService<SaleStore>(), services.GetRequiredService<StockLedger>(),
            services.GetRequiredService<SaleCatalog>(), services.GetRequiredService<RoomOpening>())
        {
            BeforeRedis = beforeRedis,
        };
    }
}
