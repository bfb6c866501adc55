using System.Globalization;

namespace Seckill.System.Tests.Browser;

/// <summary>
/// Promise: what the cards do not show can be read and acted on from the page: each sale that is not archived, by its opening; payments
/// that wait to be sent back; endpoints that get no events. Broken by a list that is read once, and by an action that reaches another
/// entry.
/// </summary>
[Collection(InTheBrowser.Name)]
public sealed class ListTests(Stage stage)
{
    [Fact]
    public async Task The_calendar_has_the_sales_by_their_opening_and_opens_and_closes_them()
    {
        var (late, soon) = (NewId(), NewId());
        await stage.PlanSaleAsync(late, "Late", TimeSpan.FromDays(400), TimeSpan.FromDays(401), (9001, 7));
        await stage.PlanSaleAsync(soon, "Soon", TimeSpan.FromDays(300), TimeSpan.FromDays(300.1), (9002, 2), (9003, 1_000));
        await using var page = await stage.OpenAsync();
        Assert.Equal(0, await page.Page.Locator("#calendar .rows li").CountAsync());
        await OpenAsync(page, "calendar");
        await page.BecomesAsync("both are shown", async () => await Row(page, soon).CountAsync() + await Row(page, late).CountAsync() == 2);
        var places = await page.Page.EvaluateAsync<string[]>(
            "[...document.querySelectorAll('#calendar .rows li')].map(row => row.dataset.key)");
        Assert.True(Array.IndexOf(places, Text(soon)) < Array.IndexOf(places, Text(late)), string.Join(' ', places));
        Assert.Equal("planned, not opened, 2 items, 1,002 units", await Row(page, soon).Locator("p").InnerTextAsync());

        await Row(page, late).Locator("[data-action=open]").ClickAsync();
        Assert.Equal("The sale is open; its window decides.", await ConfirmAsync(page));
        await page.BecomesAsync("it is opened", async () =>
            await Row(page, late).Locator("p").InnerTextAsync() == "opened, its stock is loaded, 1 item, 7 units");
        Assert.Equal("open", await StateAsync(late));
        Assert.Equal("created", await StateAsync(soon));
        await Row(page, late).Locator("[data-action=close]").ClickAsync();
        Assert.Equal("The sale is closed.", await ConfirmAsync(page));
        await page.BecomesAsync("it can be archived", async () => await Row(page, late).Locator("[data-action=archive]").CountAsync() == 1);
        await Row(page, late).Locator("[data-action=archive]").ClickAsync();
        Assert.StartsWith("The sale is archived: 0 orders", await ConfirmAsync(page), StringComparison.Ordinal);
        await page.BecomesAsync("it is gone", async () => await Row(page, late).CountAsync() == 0);
        // Changed by another operator.
        await stage.AskAsync(HttpMethod.Patch, $"/sales/{soon}", new { name = "Sooner" });
        await page.BecomesAsync("it is read again", async () =>
            await Row(page, soon).Locator("strong").InnerTextAsync() == $"#{soon} Sooner");
        await stage.AskAsync(HttpMethod.Post, $"/sales/{soon}/open");
        await stage.AskAsync(HttpMethod.Post, $"/sales/{soon}/close");

        async Task<string?> StateAsync(long sale) =>
            (await stage.AskAsync(HttpMethod.Get, $"/sales/{sale}")).GetProperty("state").GetString();
    }

    [Fact]
    public async Task A_payment_that_waits_is_marked_as_done()
    {
        var (done, other) = ($"done-{NewId()}", $"other-{NewId()}");
        foreach (var payment in new[] { done, other })
        {
            await stage.SqlAsync(
                $"""
                insert into refunds (payment_id, order_id, amount, currency, reason)
                values ('{payment}', '00000001aaaaaaaaaaaaaaaaaaaaaaaa', 4999, 'EUR', 'wrong-amount')
                """);
        }

        await using var page = await stage.OpenAsync();
        await OpenAsync(page, "refund-list");
        await page.BecomesAsync("both are shown", async () => await Row(done).CountAsync() + await Row(other).CountAsync() == 2);
        Assert.Equal(
            "4,999 minor units of EUR, wrong amount, order 00000001aaaaaaaaaaaaaaaaaaaaaaaa",
            await Row(done).Locator("p").InnerTextAsync());
        await Row(done).Locator("[data-action=settle]").ClickAsync();
        Assert.StartsWith("Marked as done by ", await ConfirmAsync(page), StringComparison.Ordinal);
        await page.BecomesAsync("it is done", async () => await Row(done).CountAsync() == 0 && await Row(other).CountAsync() == 1);
        await stage.SqlAsync($"update refunds set settled_at = now(), settled_by = 'test' where payment_id = '{other}'");

        Microsoft.Playwright.ILocator Row(string payment) =>
            page.Page.Locator("#refund-list .rows li").Filter(new() { HasText = $"Payment {payment}" });
    }

    [Fact]
    public async Task An_endpoint_that_was_given_up_is_shown_with_its_reason_and_tried_again()
    {
        var made = await stage.AskAsync(HttpMethod.Post, "/webhooks", new { url = $"http://127.0.0.1:1/{NewId()}" });
        var id = made.GetProperty("id").GetInt64();
        await stage.SqlAsync(
            $"update webhooks set failures = 9, failing_since = now(), dead_at = now(), error = 'it was a Friday' where id = {id}");
        await using var page = await stage.OpenAsync();
        await OpenAsync(page, "webhook-list");
        var row = page.Page.Locator($"#webhook-list [data-key='{id}']");
        await page.BecomesAsync("it is shown", async () => await row.CountAsync() == 1);
        Assert.Matches(@"^dead, \d+ events? behind: it was a Friday$", await row.Locator("p").InnerTextAsync());
        Assert.Equal("broken", await row.Locator("p").GetAttributeAsync("class"));
        await row.Locator("[data-action=replay]").ClickAsync();
        Assert.Equal("It is tried again.", await ConfirmAsync(page));
        await page.BecomesAsync(
            "it is not dead", async () => !(await row.Locator("p").InnerTextAsync()).StartsWith("dead", StringComparison.Ordinal));
        await stage.AskAsync(HttpMethod.Delete, $"/webhooks/{id}");
    }

    private static long NewId() => Random.Shared.Next(1 << 20, int.MaxValue);

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);

    private static Task OpenAsync(DashboardPage page, string list) => page.Page.Locator($"#{list} summary").PressAsync("Enter");

    private static Microsoft.Playwright.ILocator Row(DashboardPage page, long sale) => page.Page.Locator($"#calendar [data-key='{sale}']");

    // The result; the dialog is left as by a person who has read it.
    private static async Task<string> ConfirmAsync(DashboardPage page)
    {
        await page.Page.Locator("#dialog-confirm").ClickAsync();
        var result = "";
        await page.BecomesAsync("there is a result", async () =>
            (result = await page.Page.Locator("#dialog-result").InnerTextAsync()) is not ("" or "Working …"));
        await page.Page.Keyboard.PressAsync("Escape");
        return result;
    }
}
