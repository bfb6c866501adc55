using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Browser;

/// <summary>
/// Promise: at one glance the page says whether it sells, and what is broken. Broken by a page that shows old numbers as if they were
/// live, that paints what merely waits as red as its cause, or that is silent when it has lost its own connection.
/// </summary>
[Collection(InTheBrowser.Name)]
public sealed class LiveTests(Stage stage)
{
    [Fact]
    public async Task Stock_goes_down_and_rates_go_up_while_buyers_buy()
    {
        const int Units = 960, Buyers = 24;
        var sale = await stage.OpenSaleAsync("Live", (2001, Units), (2002, 10));
        await using var page = await stage.OpenAsync();
        await page.BecomesAsync("the sale is shown", () => page.SaysAsync("[data-sku='2001']", $"{Units} of {Units} left"));

        var seen = new List<int> { Units };
        // They come until everything was seen, however slowly a busy machine draws.
        using var enough = new CancellationTokenSource();
        var clicks = ClicksAsync();
        await page.BecomesAsync("stock goes down in steps", async () =>
        {
            var left = await page.LeftAsync(2001);
            if (left != seen[^1])
            {
                seen.Add(left);
            }

            return seen.Count > 3;
        });
        Assert.Equal(seen.OrderDescending(), seen);
        await page.BecomesAsync("the refusals of the small item are counted", async () =>
            (await page.Page.Locator("#refusals").InnerTextAsync()).Contains("sold out", StringComparison.Ordinal));
        Assert.Matches(@"^\d+(\.\d)? ms$", (await page.Page.Locator("#p99").InnerTextAsync()).Replace(",", "", StringComparison.Ordinal));
        await enough.CancelAsync();
        var bought = await clicks;
        await page.BecomesAsync("every order is in PostgreSQL", async () => Regex.IsMatch(
            await page.Page.Locator("[data-sku='2001'] .places").InnerTextAsync(),
            $@"{bought}\s+held\s+{bought}\s+in PostgreSQL\s+0\s+waiting"));
        Assert.Equal(Units - bought, await page.LeftAsync(2001));
        Assert.Empty(await page.RedAsync());
        Assert.Empty(page.Errors);
        Assert.All(page.Requests, request => Assert.Equal(stage.Inventory.Url.Authority, request.Authority));

        async Task<int> ClicksAsync()
        {
            var bought = 0;
            while (!enough.IsCancellationRequested)
            {
                if (bought < Units)
                {
                    Assert.All(await stage.BuyAsync(sale, 2001, Buyers), status => Assert.Equal(202, status));
                    bought += Buyers;
                }

                await stage.BuyAsync(sale, 2002, 20);
                await Task.Delay(1_000);
            }

            return bought;
        }
    }

    [Theory]
    [InlineData("redis", 3001, "Redis is down.")]
    [InlineData("rabbitmq", 3002, "RabbitMQ is down.")]
    [InlineData("postgres", 3003, "PostgreSQL is down.")]
    [InlineData("legacy", 3004, "The breaker of the legacy database is open.")]
    public async Task A_store_that_is_down_is_the_only_red_one_and_is_named(string store, int sku, string headline)
    {
        var relay = store switch
        {
            "redis" => stage.Redis, "rabbitmq" => stage.RabbitMq, "postgres" => stage.Postgres, _ => stage.Legacy,
        };
        var sale = await stage.OpenSaleAsync("Outage of " + store, (sku, 100));
        await using var page = await stage.OpenAsync();
        await page.BecomesAsync("all is well", async () =>
            (await page.RedAsync()).Length == 0 && await page.SaysAsync($"[data-sku='{sku}']", "100 of 100 left"));
        relay.Refuse();
        try
        {
            if (store == "legacy")
            {
                // The outage shows only when there is something to write.
                await stage.BuyAsync(sale, sku, 5);
            }

            await page.BecomesAsync($"{store} is red", async () => await page.ToneAsync(store) == "Broken");
            Assert.Equal([store], await page.RedAsync());
            await page.BecomesAsync("it is named", async () => await page.HeadlineAsync() == headline);
            if (store == "legacy")
            {
                Assert.Matches(
                    @"^\d of the last \d+ calls failed: .+ waits?; sales continue\.$", await page.Page.Locator("#detail").InnerTextAsync());
            }

            Assert.Contains(headline, await page.Page.Locator("#announce").InnerTextAsync(), StringComparison.Ordinal);
            Assert.Equal(headline, await page.Page.Locator("#incidents li.now strong").First.InnerTextAsync() + ".");
            var rates = await page.Page.Locator("#accepted").InnerTextAsync();
            Assert.Equal(store == "redis", rates == "unknown");
            if (store is "redis" or "postgres")
            {
                await page.BecomesAsync("the age of what is shown is told", async () => Regex.IsMatch(
                    await page.Page.Locator("#sales-age").InnerTextAsync(), @"^Stock and orders as of \d+ s ago\.$"));
                Assert.True(await page.SaysAsync($"[data-sku='{sku}']", "100 of 100 left"));
                var name = headline[..^" is down.".Length];
                Assert.True(await page.SaysAsync($"[data-sku='{sku}'] .places", $"not audited while {name} is down"));
                Assert.True(await page.SaysAsync("#sales-why", $"{name} is down: the actions do not work."));
                var close = page.Page.Locator($"[data-sale='{sale}'] [data-action=close]");
                await close.PressAsync("Enter");
                Assert.False(await page.Page.Locator("#dialog").IsVisibleAsync());
                Assert.Equal("sales-why", await close.GetAttributeAsync("aria-describedby"));
                // An audit needs both of them.
                await page.BecomesAsync("the last audit grows old", async () => Regex.IsMatch(
                    await page.Page.Locator("[data-station='audit'] .note").InnerTextAsync(), @"last round ([3-9]|\d\d)"));
            }
        }
        finally
        {
            relay.Resume();
        }

        await page.BecomesAsync("all is well again", async () => (await page.RedAsync()).Length == 0);
        await page.BecomesAsync("the end is told", async () => (await page.Page.Locator("#incidents").InnerTextAsync())
            .Contains(
                headline.Replace("down.", "up again", StringComparison.Ordinal).Replace("open.", "closed", StringComparison.Ordinal),
                StringComparison.Ordinal));
        await page.BecomesAsync("the actions work again", async () =>
            await page.Page.Locator($"[data-sale='{sale}'] [data-action=close]").GetAttributeAsync("aria-disabled") is null);
        await Installation.ReadyAsync(stage.Api, stage.Worker, stage.Inventory);
    }

    [Fact]
    public async Task A_worker_that_died_is_red_until_another_runs()
    {
        await using var page = await stage.OpenAsync();
        await page.BecomesAsync("all is well", async () => (await page.RedAsync()).Length == 0);
        await stage.Worker.KillAsync();
        await page.BecomesAsync("the worker is red", async () => await page.ToneAsync("worker") == "Broken");
        Assert.Equal(["worker"], await page.RedAsync());
        Assert.Equal("No worker is running.", await page.HeadlineAsync());
        await stage.StartWorkerAsync();
        await page.BecomesAsync("all is well again", async () => (await page.RedAsync()).Length == 0);
    }

    [Fact]
    public async Task Lost_data_is_red_at_the_item_the_store_and_the_rebuild()
    {
        var sale = await stage.OpenSaleAsync("Loss", (4001, 30));
        await using var page = await stage.OpenAsync();
        await page.BecomesAsync("the sale is shown", async () => await page.Page.Locator("[data-sku='4001']").CountAsync() == 1);
        await stage.SqlAsync($"update sale_items set lost_at = now() where sale_id = {sale}");
        await page.BecomesAsync("it is told", async () => await page.HeadlineAsync() == "Redis has lost data.");
        // The audit may say so a moment before.
        await page.BecomesAsync(
            "store and rebuild are red", async () => await page.RedAsync() is var red && red.Contains("redis") && red.Contains("rebuild"));
        Assert.DoesNotContain("rabbitmq", await page.RedAsync());
        // The audit may be at the item a moment before.
        await page.BecomesAsync("the item says so", () => page.SaysAsync("[data-sku='4001'] .broken", "waits for its rebuild"));
        await stage.AskAsync(HttpMethod.Post, $"/sales/{sale}/rebuild");
        await page.BecomesAsync("all is well again", async () => (await page.RedAsync()).Length == 0);
    }

    [Fact]
    public async Task A_wrong_key_is_refused_and_of_a_right_one_nothing_stays_in_the_browser()
    {
        await using var page = await stage.OpenAsync(withKey: false);
        await page.GiveKeyAsync("not-the-key");
        await page.BecomesAsync("it is told", () => page.SaysAsync("#key-error", "This is not the ops key."));
        Assert.False(await page.Page.Locator("#main").IsVisibleAsync());
        await page.GiveKeyAsync(Shared.Security.DevelopmentKeys.Ops);
        await page.Page.Locator("#main").WaitForAsync();
        await page.Page.ReloadAsync();
        await page.Page.Locator("#main").WaitForAsync();
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("localStorage.length + sessionStorage.length + document.cookie.length"));
        Assert.Equal("ops (admin)", await page.Page.Locator("#who").InnerTextAsync());
        var cookie = Assert.Single(await page.Page.Context.CookiesAsync());
        Assert.Equal((true, SameSiteAttribute.Strict), (cookie.HttpOnly, cookie.SameSite));
        Assert.DoesNotContain(Shared.Security.DevelopmentKeys.Ops, cookie.Value, StringComparison.Ordinal);
        Assert.DoesNotContain(page.Requests, request => request.Query.Length > 0);
        await page.Page.Locator("#leave").ClickAsync();
        Assert.False(await page.Page.Locator("#main").IsVisibleAsync());
        await page.BecomesAsync("the session is gone", async () => (await page.Page.Context.CookiesAsync()).Count == 0);
        await page.Page.ReloadAsync();
        await page.Page.Locator("#key").WaitForAsync();
    }

    [Fact]
    public async Task A_lost_connection_is_told_and_rates_are_forgotten()
    {
        var other = await stage.StartInventoryAsync();
        await using var page = await stage.OpenAsync(at: other.Url);
        await page.BecomesAsync("rates are known", async () => await page.Page.Locator("#accepted").InnerTextAsync() != "unknown");
        await other.KillAsync();
        await page.BecomesAsync("it is told", async () => await page.HeadlineAsync() == "InventoryService does not answer.");
        Assert.Equal("unknown", await page.Page.Locator("#accepted").InnerTextAsync());
        Assert.StartsWith("No connection; as of ", await page.Page.Locator("#link").InnerTextAsync(), StringComparison.Ordinal);
        await stage.StartInventoryAsync("--urls", other.Url.AbsoluteUri);
        await page.BecomesAsync("it is live again", async () => await page.Page.Locator("#link").InnerTextAsync() == "Live");
    }

    [Theory]
    [InlineData(1440, ColorScheme.Light)]
    [InlineData(1440, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task It_fits_and_can_be_read(int width, ColorScheme scheme)
    {
        var sale = await stage.OpenSaleAsync(
            "A name that is longer than anybody should give to a sale, and one that somebody will give", (5001, 1_000_000));
        await using var page = await stage.OpenAsync(width, scheme);
        await page.BecomesAsync("the sale is shown", () => page.Page.Locator($"[data-sale='{sale}']").IsVisibleAsync());
        Assert.Equal(width, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.Empty(await page.Page.EvaluateAsync<string[]>(Contrast));
        // The widest number that a station is likely to have.
        await page.Page.EvaluateAsync("document.querySelectorAll('.figure').forEach(one => one.textContent = '1,000,000')");
        Assert.Empty(await page.Page.EvaluateAsync<string[]>(Overlaps));
        await page.Page.EvaluateAsync("document.querySelectorAll('.station').forEach(one => one.dataset.tone = 'Broken')");
        Assert.Empty(await page.Page.EvaluateAsync<string[]>(Contrast));
        await page.Page.Locator("[data-action=close]").First.ClickAsync();
        Assert.Empty(await page.Page.EvaluateAsync<string[]>(Contrast));
        Assert.Equal(width, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.Empty(page.Errors);
    }

    // Texts whose contrast with what is behind them is under 4.5, or under 3 where they are large (WCAG 2.2, 1.4.3).
    private const string Contrast =
        """
        () => {
          const parts = color => { const p = color.match(/[\d.]+/g).map(Number); return { rgb: p.slice(0, 3), alpha: p[3] ?? 1 }; };
          const light = rgb => rgb.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
          const behind = element => {
            for (let at = element; at; at = at.parentElement) {
              const color = parts(getComputedStyle(at).backgroundColor);
              if (color.alpha === 1) return color.rgb;
            }
            return [255, 255, 255];
          };
          return [...document.querySelectorAll('body *')].filter(one => one.checkVisibility()
            && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())).flatMap(one => {
              const style = getComputedStyle(one);
              const [a, b] = [light(parts(style.color).rgb), light(behind(one))];
              const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
              const size = parseFloat(style.fontSize);
              const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
              return ratio < (isLarge ? 3 : 4.5) ? [`${one.className || one.tagName}: ${one.innerText} ${ratio.toFixed(2)}`] : [];
            });
        }
        """;

    // Stations whose name runs into their figure.
    private const string Overlaps =
        """
        () => [...document.querySelectorAll('.station')].filter(one => {
          const boxOf = node => {
            const range = document.createRange();
            range.selectNodeContents(node);
            return range.getBoundingClientRect();
          };
          const [a, b] = [boxOf(one.querySelector('h3')), boxOf(one.querySelector('.count'))];
          return a.right > b.left && b.right > a.left && a.bottom > b.top + 1 && b.bottom > a.top + 1;
        }).map(one => one.dataset.station)
        """;
}
