namespace Seckill.System.Tests.Browser;

/// <summary>
/// Promise: the page of the interface works where there is no way out. Its script decides what is loaded, so only a browser shows it.
/// </summary>
[Collection(InTheBrowser.Name)]
public sealed class ReferenceTests(Stage stage)
{
    [Theory]
    [InlineData("OrderService", "/orders/{orderId}/cancel")]
    [InlineData("InventoryService", "/sales/{saleId}/open")]
    public async Task The_reference_shows_the_interface_and_asks_no_other_server(string project, string path)
    {
        await using var page = await stage.OpenAsync(withKey: false);
        var service = project == "OrderService" ? stage.Api : stage.Inventory;
        await page.Page.GotoAsync(new Uri(service.Url, "/scalar/").AbsoluteUri);

        await page.BecomesAsync(
            "an endpoint is shown", async () => (await page.Page.ContentAsync()).Contains(path, StringComparison.Ordinal));

        string[] known = [stage.Inventory.Url.Authority, service.Url.Authority];
        Assert.All(
            page.Requests.Where(request => request.Scheme.StartsWith("http", StringComparison.Ordinal)),
            request => Assert.Contains(request.Authority, known));
        Assert.DoesNotContain("://", string.Join(' ', page.Errors), StringComparison.Ordinal);
    }
}
