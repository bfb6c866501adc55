using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Seckill.System.Tests.Browser;

/// <summary>
/// Promise: people who do not see the page, or use no mouse, can work with it. The rules are those of axe-core: names of controls, roles,
/// landmarks, order of headings, contrast; the keyboard is in <see cref="ActionTests"/>. In every state that the page can have.
/// </summary>
[Collection(InTheBrowser.Name)]
public sealed class AccessibilityTests(Stage stage)
{
    [Theory]
    [InlineData(1440, ColorScheme.Light)]
    [InlineData(1440, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task No_rule_is_violated(int width, ColorScheme scheme)
    {
        await using (var gate = await stage.OpenAsync(width, scheme, withKey: false))
        {
            await AssertNoneAsync(gate, "the gate");
        }

        var sale = await stage.OpenSaleAsync("Accessible", (8001, 20), (8002, 1));
        var planned = (long)Random.Shared.Next(1 << 20, int.MaxValue);
        await stage.PlanSaleAsync(planned, "Planned", TimeSpan.FromHours(30), TimeSpan.FromHours(31), (8003, 1));
        await using var page = await stage.OpenAsync(width, scheme);
        await page.BecomesAsync("the sales are shown", async () => await page.Page.Locator($"[data-sale='{planned}']").CountAsync() == 1);
        await stage.BuyAsync(sale, 8002, 20);
        await page.Page.EvaluateAsync("document.querySelectorAll('details').forEach(one => one.open = true)");
        await AssertNoneAsync(page, "the page");

        await page.Page.Locator($"[data-sale='{sale}'] [data-action=stock]").First.ClickAsync();
        await AssertNoneAsync(page, "a dialog");
        await page.Page.Keyboard.PressAsync("Escape");

        stage.Redis.Refuse();
        try
        {
            await page.BecomesAsync("Redis is red", async () => await page.ToneAsync("redis") == "Broken");
            await page.BecomesAsync("values are old", async () => await page.Page.Locator("#sales-age").InnerTextAsync() != "");
            await AssertNoneAsync(page, "the page while Redis is down");
        }
        finally
        {
            stage.Redis.Resume();
        }

        await page.BecomesAsync("all is well again", async () => (await page.RedAsync()).Length == 0);
        await stage.AskAsync(HttpMethod.Post, $"/sales/{planned}/open");
        await stage.AskAsync(HttpMethod.Post, $"/sales/{planned}/close");
        await stage.AskAsync(HttpMethod.Post, $"/sales/{sale}/close");
    }

    private static async Task AssertNoneAsync(DashboardPage page, string state)
    {
        AxeResult found = await page.Page.RunAxe();
        Assert.True(found.Passes.Length > 10, $"Only {found.Passes.Length} rules looked at {state}.");
        Assert.True(found.Violations.Length == 0, state + ":\n" + string.Join('\n', found.Violations.Select(violation =>
            $"{violation.Id}: {violation.Help}: {string.Join(", ", violation.Nodes.Select(node => node.Html))}")));
    }
}
