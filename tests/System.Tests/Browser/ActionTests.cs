using Microsoft.Playwright;

namespace Seckill.System.Tests.Browser;

/// <summary>Each action of the page, by keyboard alone: it says what will happen, can be left, and does what it said.</summary>
[Collection(InTheBrowser.Name)]
public sealed class ActionTests(Stage stage)
{
    [Fact]
    public async Task A_sale_is_closed_opened_stocked_audited_repaired_and_rebuilt_by_keyboard()
    {
        // The page lists twelve sales, those that are on first: a closed one must have room beside the sales of other tests.
        await stage.SqlAsync("update sales set state = 'closed', state_version = state_version + 1 where state = 'open'");
        var sale = await stage.OpenSaleAsync("By keyboard", (6001, 50));
        Assert.All(await stage.BuyAsync(sale, 6001, 10), status => Assert.Equal(202, status));
        await using var page = await stage.OpenAsync();
        await page.BecomesAsync("the sale is shown", async () => await page.Page.Locator("[data-sku='6001']").CountAsync() == 1);
        await page.BecomesAsync("the orders are placed", async () => await Ledger("placed") == 10);

        await FocusAsync(page, sale, "close");
        await page.Page.Keyboard.PressAsync("Enter");
        Assert.Equal($"Close #{sale} By keyboard?", await page.Page.Locator("#dialog-title").InnerTextAsync());
        Assert.Contains("Selling stops at once", await page.Page.Locator("#dialog-text").InnerTextAsync(), StringComparison.Ordinal);
        await page.Page.Keyboard.PressAsync("Escape");
        Assert.False(await page.Page.Locator("#dialog").IsVisibleAsync());
        Assert.Equal("close", await FocusedAsync(page));
        Assert.Equal("open", await StateAsync());

        // What does harm is not what a stray Enter does.
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Keyboard.PressAsync("Enter");
        Assert.False(await page.Page.Locator("#dialog").IsVisibleAsync());
        Assert.Equal("open", await StateAsync());

        Assert.Equal("The sale is closed.", await DoAsync("close"));
        Assert.Equal("closed", await StateAsync());
        await page.BecomesAsync("it can be opened", () => page.Page.Locator($"[data-sale='{sale}'] [data-action=open]").IsVisibleAsync());
        Assert.Equal("The sale is open; its window decides.", await DoAsync("open"));
        Assert.Equal("open", await StateAsync());

        await page.BecomesAsync("it can be closed", () => page.Page.Locator($"[data-sale='{sale}'] [data-action=close]").IsVisibleAsync());
        Assert.Equal("Done: 65 of 75 units are left.", await DoAsync("stock", "25"));
        Assert.Equal(75, await Ledger("allocated"));
        await page.BecomesAsync("it is shown", async () => await page.LeftAsync(6001) == 65);
        Assert.StartsWith("Fewer units are available", await DoAsync("stock", "-70"), StringComparison.Ordinal);
        Assert.Equal(75, await Ledger("allocated"));
        await page.Page.Keyboard.PressAsync("Escape");
        await DoAsync("stock", "0");
        await page.Page.Locator("#dialog-number").FillAsync("-70");
        await page.Page.Locator("#dialog-number").FocusAsync();
        await page.Page.Keyboard.PressAsync("Tab");
        await page.Page.Keyboard.PressAsync("Space");
        Assert.Equal("65 units withdrawn: 0 of 10 units are left.", await ConfirmAsync(page));
        Assert.Equal("Done: 65 of 75 units are left.", await DoAsync("stock", "65"));

        Assert.Equal("The audit finds no broken equation.", await DoAsync("audit"));
        Assert.Equal("The audit finds no broken equation.", await DoAsync("repair"));
        Assert.Equal("The stock is rebuilt.", await DoAsync("rebuild"));
        Assert.Equal((75, 65, 10), (await Ledger("allocated"), await Ledger("available"), await Ledger("placed")));

        async Task<string> DoAsync(string action, string? number = null)
        {
            await FocusAsync(page, sale, action);
            await page.Page.Keyboard.PressAsync("Enter");
            if (number is not null)
            {
                await page.Page.Keyboard.TypeAsync(number);
            }

            return await ConfirmAsync(page);
        }

        async Task<int> Ledger(string units) =>
            (await stage.AskAsync(HttpMethod.Get, $"/sales/{sale}/ledger")).GetProperty("items")[0].GetProperty(units).GetInt32();

        async Task<string?> StateAsync() => (await stage.AskAsync(HttpMethod.Get, $"/sales/{sale}")).GetProperty("state").GetString();
    }

    [Fact]
    public async Task Broken_equations_are_found_named_and_repaired_by_keyboard()
    {
        var sale = await stage.OpenSaleAsync("Broken equations", (6101, 20));
        await stage.BuyAsync(sale, 6101, 5);
        await using var page = await stage.OpenAsync();
        await page.BecomesAsync("the orders are placed", () => page.SaysAsync("[data-sku='6101']", "5 in PostgreSQL"));
        await stage.SqlAsync($"update sale_items set live = live + 3 where sale_id = {sale}");
        await page.BecomesAsync("it is told", async () => await page.HeadlineAsync() == "The audit finds broken equations.");
        await page.BecomesAsync("only the audit is red", async () => await page.RedAsync() is ["audit"]);
        Assert.Equal("ledger: 8 instead of 5", await page.Page.Locator("[data-sku='6101'] .broken").InnerTextAsync());
        await FocusAsync(page, sale, "repair");
        await page.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("The audit finds no broken equation.", await ConfirmAsync(page));
        Assert.Contains("ledger", await page.Page.Locator("#dialog-list").InnerTextAsync(), StringComparison.Ordinal);
        await page.BecomesAsync("all is well again", async () => (await page.RedAsync()).Length == 0);
    }

    [Fact]
    public async Task An_order_in_quarantine_is_shown_and_replayed_by_keyboard()
    {
        var sale = await stage.OpenSaleAsync("Quarantine", (6201, 20));
        await stage.BuyAsync(sale, 6201, 3);
        await using var page = await stage.OpenAsync();
        await page.BecomesAsync("the orders are placed", () => page.SaysAsync("[data-sku='6201']", "3 in PostgreSQL"));
        // As if PostgreSQL had refused one of them when it came: its row goes to quarantine, and its units are not live.
        await stage.SqlAsync(
            $"""
            with refused as (
              delete from orders where order_id = (select max(order_id) from orders where sale_id = {sale}) returning *
            ), kept as (
              insert into quarantined_orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, reserved_at, error)
              select order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, reserved_at, 'it was a Friday' from refused
            )
            update sale_items set live = live - 1 where sale_id = {sale}
            """);
        await page.BecomesAsync("it is told", async () => await page.HeadlineAsync() == "Orders are in quarantine.");
        Assert.Contains("postgres", await page.RedAsync());
        await FocusOnAsync(page, "#quarantine-open");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Locator("#dialog").WaitForAsync();
        Assert.Equal("Replay 1 order?", await page.Page.Locator("#dialog-title").InnerTextAsync());
        Assert.Contains("it was a Friday", await page.Page.Locator("#dialog-list").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal("1 order published again.", await ConfirmAsync(page));
        await page.BecomesAsync("all is well again", async () => (await page.RedAsync()).Length == 0);
    }

    [Fact]
    public async Task An_action_reaches_the_sale_that_it_names_however_large_its_number_is()
    {
        // In a browser's numbers all of these are the same.
        const long Sale = 9_007_199_254_740_993, Sku = 9_007_199_254_740_995;
        var other = await stage.OpenSaleAsync(Sale - 1, "The other", (6301, 5));
        await stage.OpenSaleAsync(Sale, "Large numbers", (Sku - 1, 10), (Sku, 10));
        await using var page = await stage.OpenAsync();
        await FocusOnAsync(page, $"[data-sale='{Sale}'] [data-sku='{Sku}'] [data-action=stock]");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Keyboard.TypeAsync("7");
        Assert.Equal("Done: 17 of 17 units are left.", await ConfirmAsync(page));
        await FocusAsync(page, Sale, "close");
        await page.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("The sale is closed.", await ConfirmAsync(page));
        Assert.Equal("closed", (await stage.AskAsync(HttpMethod.Get, $"/sales/{Sale}")).GetProperty("state").GetString());
        Assert.Equal("open", (await stage.AskAsync(HttpMethod.Get, $"/sales/{other}")).GetProperty("state").GetString());
        await stage.AskAsync(HttpMethod.Post, $"/sales/{other}/close");
    }

    [Fact]
    public async Task A_late_answer_is_not_shown_in_the_dialog_of_another_action()
    {
        var sale = await stage.OpenSaleAsync("Late answer", (6401, 5));
        await using var page = await stage.OpenAsync();
        var answer = new TaskCompletionSource();
        await page.Page.RouteAsync("**/audit", async route =>
        {
            await answer.Task;
            await route.ContinueAsync();
        });
        await FocusAsync(page, sale, "audit");
        await page.Page.Keyboard.PressAsync("Enter");
        await FocusInDialogAsync(page);
        await page.Page.Keyboard.PressAsync("Enter");
        await FocusAsync(page, sale, "close");
        await page.Page.Keyboard.PressAsync("Enter");
        answer.SetResult();
        await page.BecomesAsync("it is told to those who hear", async () =>
            await page.Page.Locator("#announce").TextContentAsync() == $"Audit #{sale} Late answer? The audit finds no broken equation.");
        Assert.Equal($"Close #{sale} Late answer?", await page.Page.Locator("#dialog-title").InnerTextAsync());
        Assert.Equal("", await page.Page.Locator("#dialog-result").InnerTextAsync());
        Assert.True(await page.Page.Locator("#dialog-confirm").IsVisibleAsync());
        // The page shows a dozen sales: those of other tests need the room.
        await stage.AskAsync(HttpMethod.Post, $"/sales/{sale}/close");
    }

    private static Task FocusAsync(DashboardPage page, long sale, string action) =>
        FocusOnAsync(page, $"[data-sale='{sale}'] [data-action={action}]");

    // As a person without a mouse: Tab until it is there, and see that it is.
    private static async Task FocusOnAsync(DashboardPage page, string selector)
    {
        if (await page.Page.Locator("#dialog").IsVisibleAsync())
        {
            await page.Page.Keyboard.PressAsync("Escape");
        }

        await page.Page.Locator(selector).WaitForAsync();
        for (var tabs = 0; tabs < 200; tabs++)
        {
            if (await page.Page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector))
            {
                Assert.NotEqual("none", await page.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
                return;
            }

            await page.Page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"No number of tabs reaches {selector}.");
    }

    private static async Task<string> ConfirmAsync(DashboardPage page)
    {
        await FocusInDialogAsync(page);
        await page.Page.Keyboard.PressAsync("Enter");
        var result = "";
        await page.BecomesAsync("the result is told", async () =>
            (result = await page.Page.Locator("#dialog-result").InnerTextAsync()) != ""
            && !result.StartsWith("Working …", StringComparison.Ordinal));
        return result;
    }

    private static async Task FocusInDialogAsync(DashboardPage page)
    {
        for (var tabs = 0; await FocusedAsync(page) != "dialog-confirm"; tabs++)
        {
            Assert.True(tabs < 10, "No number of tabs reaches the confirmation.");
            await page.Page.Keyboard.PressAsync("Tab");
        }
    }

    private static Task<string> FocusedAsync(DashboardPage page) =>
        page.Page.EvaluateAsync<string>("document.activeElement.dataset.action ?? document.activeElement.id");
}
