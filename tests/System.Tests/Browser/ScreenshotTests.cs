using Microsoft.Playwright;

namespace Seckill.System.Tests.Browser;

/// <summary>The pictures of the README, made by <c>./seckill docs screenshots</c>, which names the folder for them.</summary>
[Collection(InTheBrowser.Name)]
public sealed class ScreenshotTests(Stage stage)
{
    /// <summary>Where they go.</summary>
    public const string Setting = "SECKILL_SCREENSHOTS";

    [Fact]
    public async Task Pictures_of_a_sale_and_of_a_lost_store()
    {
        var folder = Environment.GetEnvironmentVariable(Setting);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"Made only when {Setting} names a folder.");
        var sale = await stage.OpenSaleAsync("Friday drop", (1001, 5_000), (1002, 3_000), (1003, 400));
        using var enough = new CancellationTokenSource();
        var crowd = Task.WhenAll(
            KeepBuyingAsync(sale, 1001, 40, enough.Token), KeepBuyingAsync(sale, 1002, 20, enough.Token),
            KeepBuyingAsync(sale, 1003, 20, enough.Token));
        await using var wide = await stage.OpenAsync();
        await using var dark = await stage.OpenAsync(scheme: ColorScheme.Dark);
        await using var phone = await stage.OpenAsync(390, ColorScheme.Dark);
        await wide.BecomesAsync("units are sold", async () => await wide.LeftAsync(1001) < 3_600);
        await ShootAsync(wide, folder, "light");
        await ShootAsync(phone, folder, "phone");
        stage.RabbitMq.Refuse();
        try
        {
            await wide.BecomesAsync("RabbitMQ is red", async () => await wide.ToneAsync("rabbitmq") == "Broken");
            var left = await wide.LeftAsync(1001);
            await wide.BecomesAsync("the sale goes on", async () => await wide.LeftAsync(1001) < left - 300);
            await dark.BecomesAsync("it is named", async () => await dark.HeadlineAsync() == "RabbitMQ is down.");
            await ShootAsync(dark, folder, "broken");
        }
        finally
        {
            stage.RabbitMq.Resume();
        }

        await wide.Page.Locator("[data-action=stock]").First.ClickAsync();
        await wide.Page.Locator("#dialog-number").FillAsync("500");
        await ShootAsync(wide, folder, "dialog");
        await enough.CancelAsync();
        await crowd;
        await wide.BecomesAsync("nothing is left behind", () => wide.SaysAsync("[data-station=redis] .note", "nothing waits"));
    }

    private async Task KeepBuyingAsync(long sale, long sku, int buyers, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            await stage.BuyAsync(sale, sku, buyers);
            await Task.Delay(150, CancellationToken.None);
        }
    }

    private static Task<byte[]> ShootAsync(DashboardPage dashboard, string folder, string name) =>
        dashboard.Page.ScreenshotAsync(new()
        {
            Path = Path.Combine(folder, $"dashboard-{name}.png"), FullPage = dashboard.Page.ViewportSize!.Width < 600,
        });
}
