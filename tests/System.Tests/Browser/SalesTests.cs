using System.Text.RegularExpressions;

namespace Seckill.System.Tests.Browser;

/// <summary>
/// Promise: the page says which sale it speaks of, before, during and after its window. Broken by a headline that sums sales up, by cards
/// that only a name tells apart, and by a countdown that follows the clock of the reader.
/// </summary>
[Collection(InTheBrowser.Name)]
public sealed class SalesTests(Stage stage)
{
    [Fact]
    public async Task The_headline_names_the_busiest_sale_and_counts_who_comes_too_late()
    {
        var other = await stage.OpenSaleAsync("Calm", (7001, 50));
        var sale = await stage.OpenSaleAsync("Busiest", (7002, 1));
        await using var page = await stage.OpenAsync();
        using var enough = new CancellationTokenSource();
        var crowd = ClickAsync();
        await page.BecomesAsync("it is named", async () => Regex.IsMatch(
            await page.HeadlineAsync(), $@"^#{sale} Busiest is sold out; [\d,]+ a second come too late\.$"));
        Assert.Equal("Its unit has a buyer. Nothing is broken.", await page.Page.Locator("#detail").InnerTextAsync());
        await enough.CancelAsync();
        await crowd;
        foreach (var done in new[] { other, sale })
        {
            await stage.AskAsync(HttpMethod.Post, $"/sales/{done}/close");
        }

        async Task ClickAsync()
        {
            while (!enough.IsCancellationRequested)
            {
                await stage.BuyAsync(sale, 7002, 20);
                await Task.Delay(100, CancellationToken.None);
            }
        }
    }

    [Fact]
    public async Task An_opening_is_counted_down_in_the_time_of_the_reader_with_a_checklist()
    {
        var sale = (long)Random.Shared.Next(1 << 20, int.MaxValue);
        await stage.PlanSaleAsync(sale, "At ten", TimeSpan.FromMinutes(10), TimeSpan.FromHours(1), (7101, 3), (7102, 4));
        await using var page = await stage.OpenAsync();
        await page.BecomesAsync("it is next", () => page.SaysAsync("#next-name", $"#{sale} At ten"));
        Assert.Matches(@"^00:(10:00|0\d:\d\d)$", await page.Page.Locator("#countdown").InnerTextAsync());
        var first = await page.Page.Locator("#countdown").InnerTextAsync();
        await page.BecomesAsync("it counts", async () => await page.Page.Locator("#countdown").InnerTextAsync() != first);
        Assert.Matches(
            @"^Opens \w{3},? \d+ \w+,? (at )?\d\d:\d\d:\d\d GMT\+5:30\. Redis' clock: \d\d:\d\d:\d\d UTC\.$",
            await page.Page.Locator("#next-times").InnerTextAsync());
        Assert.Equal(["Off", "Off", "Fine", "Off"], await TonesAsync());

        await stage.AskAsync(HttpMethod.Post, $"/sales/{sale}/open");
        await page.BecomesAsync("all is ready", async () => (await TonesAsync()).All(tone => tone == "Fine"));
        Assert.True(await page.SaysAsync("[data-check=loaded]", "2 of 2 items, 7 units"));
        await stage.AskAsync(HttpMethod.Post, $"/sales/{sale}/close");
        await page.BecomesAsync("nothing is next", async () => !await page.Page.Locator("#next").IsVisibleAsync());

        Task<string[]> TonesAsync() =>
            page.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('#checks li')].map(check => check.dataset.tone)");
    }

    [Fact]
    public async Task Cards_have_the_id_of_their_sale_and_those_that_have_ended_are_folded()
    {
        var (one, two) = ((long)Random.Shared.Next(1 << 20, 1 << 30), (long)Random.Shared.Next(1 << 30, int.MaxValue));
        await stage.OpenSaleAsync(one, "Same name", (7201, 5));
        await stage.PlanSaleAsync(two, "Same name", TimeSpan.FromMinutes(-1), TimeSpan.FromSeconds(6), (7202, 5));
        await stage.AskAsync(HttpMethod.Post, $"/sales/{two}/open");
        await using var page = await stage.OpenAsync();
        await page.BecomesAsync("it is on", () => page.SaysAsync($"#sales [data-sale='{one}'] h3", $"#{one} Same name"));
        await page.BecomesAsync("it has ended", async () => await page.Page.Locator($"#sales-ended [data-sale='{two}']").CountAsync() == 1);
        Assert.False(await page.Page.Locator($"[data-sale='{two}']").IsVisibleAsync());
        await page.Page.Locator("#sales-fold summary").PressAsync("Enter");
        Assert.True(await page.SaysAsync($"[data-sale='{two}'] h3", $"#{two} Same name"));
        await page.Page.Locator($"[data-sale='{two}'] [data-action=close]").ClickAsync();
        Assert.Equal($"Close #{two} Same name?", await page.Page.Locator("#dialog-title").InnerTextAsync());
        await stage.AskAsync(HttpMethod.Post, $"/sales/{one}/close");
    }

    [Fact]
    public async Task A_card_says_how_many_wait_in_the_room_of_its_sale()
    {
        var sale = (long)Random.Shared.Next(1 << 20, int.MaxValue);
        await using var page = await stage.OpenAsync();
        var now = TimeProvider.System.GetUtcNow();
        await stage.AskAsync(HttpMethod.Post, "/sales", new
        {
            saleId = sale, name = "With a room", opensAt = now.AddMinutes(-1), closesAt = now.AddHours(1), paymentTimeoutSeconds = 900,
            items = (object[])[new { skuId = 7401, allocated = 5, limitPerUser = 1, unitPrice = 100, currency = "EUR" }],
            waitingRoom = new { admitPerSecond = 2 },
        });
        await stage.AskAsync(HttpMethod.Put, $"/sales/{sale}/waiting-room", new { mode = "paused" });
        await stage.AskAsync(HttpMethod.Post, $"/sales/{sale}/open");
        var user = (long)Random.Shared.Next(1 << 20, 1 << 30);
        for (var i = 0; i < 3; i++)
        {
            await stage.RegisterAsync(sale, user + i);
        }

        await page.BecomesAsync("they wait", () => page.SaysAsync(
            $"[data-sale='{sale}'] .room", "Waiting room: 3 waiting, 0 admitted, 0 a second (paused)."));
        await stage.AskAsync(HttpMethod.Put, $"/sales/{sale}/waiting-room", new { mode = "open" });
        await page.BecomesAsync("they are in", async () => Regex.IsMatch(
            await page.Page.Locator($"[data-sale='{sale}'] .room").InnerTextAsync(),
            @"^Waiting room: 0 waiting, 3 admitted, [\d.]+ a second\.$"));
        await stage.AskAsync(HttpMethod.Post, $"/sales/{sale}/close");
    }

    [Fact]
    public async Task On_a_phone_the_incidents_stand_right_after_the_headline()
    {
        await stage.OpenSaleAsync("On a phone", (7301, 5));
        await using var page = await stage.OpenAsync(390);
        await page.BecomesAsync("a sale is shown", async () => await page.Page.Locator(".sale").CountAsync() > 0);
        var tops = await page.Page.EvaluateAsync<float[]>(
            """
            ['#verdict', '.news', '.figures', '#road', '#sales', '.side']
              .map(one => document.querySelector(one).getBoundingClientRect()).flatMap(box => [box.top, box.bottom])
            """);
        Assert.Equal(tops.Order(), tops);
    }
}
