using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Playwright;
using Seckill.Shared.Security;

namespace Seckill.System.Tests.Browser;

/// <summary>The dashboard in a browser of its own, and everything that it complained about or asked for.</summary>
internal sealed class DashboardPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<Uri> _requests = new();

    private DashboardPage(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _errors.Enqueue(message.Text);
            }
        };
        page.PageError += (_, error) => _errors.Enqueue(error);
        page.Request += (_, request) => _requests.Enqueue(new Uri(request.Url));
    }

    public IPage Page { get; }

    /// <summary>Errors and warnings of the console, and exceptions.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>Everything that was asked for.</summary>
    public IReadOnlyCollection<Uri> Requests => _requests;

    public static async Task<DashboardPage> OpenAsync(IBrowserContext context, Uri address, bool withKey)
    {
        var dashboard = new DashboardPage(context, await context.NewPageAsync());
        await dashboard.Page.GotoAsync(address.AbsoluteUri);
        if (withKey)
        {
            await dashboard.GiveKeyAsync(DevelopmentKeys.Ops);
            await dashboard.Page.Locator("#main").WaitForAsync();
            await dashboard.BecomesAsync("the first snapshot is shown", async () => await dashboard.HeadlineAsync() != "Loading …");
        }

        return dashboard;
    }

    /// <summary>Types a key and Enter.</summary>
    public async Task GiveKeyAsync(string key)
    {
        await Page.Locator("#key").FillAsync(key);
        await Page.Keyboard.PressAsync("Enter");
    }

    public Task<string> HeadlineAsync() => Page.Locator("#headline").InnerTextAsync();

    /// <summary>What the picture says of a station: Fine, Broken, …</summary>
    public async Task<string?> ToneAsync(string station) => await Page.Locator($"[data-station={station}]").GetAttributeAsync("data-tone");

    /// <summary>Whether the one place that the selector finds has this text in it.</summary>
    public async Task<bool> SaysAsync(string selector, string text) =>
        (await Page.Locator(selector).AllInnerTextsAsync()) is [var found] && found.Contains(text, StringComparison.Ordinal);

    /// <summary>Stations that are red.</summary>
    public Task<string[]> RedAsync() =>
        Page.EvaluateAsync<string[]>("[...document.querySelectorAll('[data-tone=Broken][data-station]')].map(one => one.dataset.station)");

    /// <summary>Units that the page says are left; -1 when it does not know.</summary>
    public async Task<int> LeftAsync(long sku)
    {
        var text = await Page.Locator($"[data-sku='{sku}'] .left b").InnerTextAsync();
        return int.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var left) ? left : -1;
    }

    /// <summary>Waits until it is so; says what the page shows when it is not.</summary>
    public async Task BecomesAsync(string what, Func<Task<bool>> condition)
    {
        try
        {
            await Eventually.IsTrueAsync(what, condition);
        }
        catch (Xunit.Sdk.XunitException exception)
        {
            Assert.Fail($"{exception.Message} The page says: {await Page.Locator("body").InnerTextAsync()}");
        }
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
