using System.Globalization;
using System.Text.Json;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Seckill.Shared.Security;

namespace Seckill.System.Tests.Browser;

/// <summary>
/// Promise: a buyer gets through a waiting room with the page alone, also without eyes or a mouse, and the browser computes the draw again
/// by itself. Its script is the second program that knows the draw: written after decision 48, in another language.
/// </summary>
[Collection(InTheBrowser.Name)]
public sealed class QueuePageTests(Stage stage)
{
    [Theory]
    [InlineData(1440, ColorScheme.Light, true)]
    [InlineData(390, ColorScheme.Dark, false)]
    public async Task A_buyer_registers_waits_and_orders_and_the_browser_checks_the_draw(int width, ColorScheme scheme, bool orders)
    {
        var sale = (long)Random.Shared.Next(1 << 20, int.MaxValue);
        // Beyond what a JavaScript number holds; but then an order does not fit the legacy schema, which the dashboard's tests share.
        var user = orders ? Random.Shared.Next(1 << 20, int.MaxValue) : Random.Shared.NextInt64(1L << 56, 1L << 60);
        await (await stage.OpenAsync(withKey: false)).DisposeAsync();
        await OpenSaleAsync(sale);
        var token = new BuyerToken(DevelopmentKeys.BuyerToken, TimeProvider.System).Sign(user, TimeSpan.FromHours(1));
        var address = new Uri(stage.Api.Url, string.Create(CultureInfo.InvariantCulture, $"/queue?sale={sale}&sku=9001#{token}"));
        await using var opened = await stage.OpenAsync(width, scheme, withKey: false, at: address);
        var page = opened.Page;
        await SaysAsync(opened, "#act", "Register");
        Assert.DoesNotContain(token, page.Url, StringComparison.Ordinal);
        await AssertAccessibleAsync(page, "not registered");

        await page.Locator("#act").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await SaysAsync(opened, "#state", "You are in the draw.");
        await opened.BecomesAsync("the receipt can be saved", () => page.Locator("#receipt").IsVisibleAsync());
        await AssertAccessibleAsync(page, "registered");
        await EditAsync(sale, opensAt: TimeProvider.System.GetUtcNow());

        await SaysAsync(opened, "#state", "It is your turn.");
        await SaysAsync(opened, "#checked", "Checked on this device: the draw gives you position 1.");
        await AssertAccessibleAsync(page, "admitted");
        if (orders)
        {
            await page.Locator("#act").ClickAsync();
            await SaysAsync(opened, "#state", "Your unit is reserved.");
            await AssertAccessibleAsync(page, "ordered");
        }

        Assert.All(opened.Requests.Where(request => request.Scheme != "blob"), request => Assert.Equal(stage.Api.Url.Port, request.Port));
        await stage.AskAsync(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"/sales/{sale}/close"));
    }

    private async Task OpenSaleAsync(long sale)
    {
        var now = TimeProvider.System.GetUtcNow();
        await stage.AskAsync(HttpMethod.Post, "/sales", new
        {
            saleId = sale, name = "A queue", opensAt = now.AddHours(1), closesAt = now.AddHours(2), paymentTimeoutSeconds = 900,
            items = (object[])[new { skuId = 9001, allocated = 5, limitPerUser = 1, unitPrice = 100, currency = "EUR" }],
            waitingRoom = new { workBits = 6 },
        });
        await stage.AskAsync(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"/sales/{sale}/open"));
    }

    private Task<JsonElement> EditAsync(long sale, DateTimeOffset opensAt) =>
        stage.AskAsync(HttpMethod.Patch, string.Create(CultureInfo.InvariantCulture, $"/sales/{sale}"), new { opensAt });

    private static Task SaysAsync(DashboardPage page, string element, string text) =>
        page.BecomesAsync($"the page says: {text}", async () => await page.Page.Locator(element).InnerTextAsync() == text);

    private static async Task AssertAccessibleAsync(IPage page, string state)
    {
        var found = await page.RunAxe();
        Assert.True(found.Violations.Length == 0, state + ":\n" + string.Join('\n', found.Violations.Select(violation =>
            $"{violation.Id}: {violation.Help}: {string.Join(", ", violation.Nodes.Select(node => node.Html))}")));
    }
}
