using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Seckill.InventoryService.Dashboard;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>The page is for everybody, what it shows is not; and it needs nothing from elsewhere.</summary>
public sealed partial class DashboardTests(Administration administration)
{
    [Fact]
    public async Task The_page_comes_without_a_key_and_all_that_it_refers_to_comes_with_it()
    {
        using var client = administration.CreateClient();
        using var page = await client.GetAsync(new Uri("/", UriKind.Relative)).InTime();
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var html = await page.Content.ReadAsStringAsync();
        var scripts = await client.GetStringOfAsync("/dashboard/page.js");
        var references = References().Matches(html).Select(match => match.Groups[1].Value)
            .Concat(Imports().Matches(scripts).Select(match => "/dashboard/" + match.Groups[1].Value)).ToList();
        Assert.True(references.Count >= 6, string.Join(' ', references));
        foreach (var reference in references)
        {
            Assert.StartsWith("/", reference, StringComparison.Ordinal);
            using var part = await client.GetAsync(new Uri(reference, UriKind.Relative)).InTime();
            Assert.Equal(HttpStatusCode.OK, part.StatusCode);
        }
    }

    [Fact]
    public async Task The_stream_needs_the_ops_key()
    {
        using var client = administration.CreateClient();
        using var refused = await client.GetAsync(new Uri("/dashboard/events", UriKind.Relative)).InTime();
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await administration.AskAsync("GET", "/dashboard/events", key: "wrong")).Status);
    }

    // Catches a list that is cut before the sales that have just ended.
    [Fact]
    public async Task A_sale_that_was_just_closed_is_listed_however_many_are_on()
    {
        var closed = await PlannedSale.OpenAsync(administration);
        await administration.DoesAsync("POST", closed.Path + "/close");
        for (var on = 0; on < 13; on++)
        {
            await PlannedSale.OpenAsync(administration);
        }

        var reader = administration.Services.GetRequiredService<OrdersReader>();
        await Eventually.IsTrueAsync("all are read", () => reader.Last?.Items is { } items
            && items.Any(item => item.SaleId == closed.Id) && items.Select(item => item.SaleId).Distinct().Count() > 12);
        var sales = reader.Last!.Items.GroupBy(item => item.SaleId).Select(sale => sale.First()).ToList();
        Assert.All(sales[..12], sale => Assert.Equal(SaleState.Open, sale.State));
        Assert.InRange(sales.Count, 13, 37);
    }

    [GeneratedRegex("(?:href|src)=\"([^\"]+)\"")]
    private static partial Regex References();

    [GeneratedRegex(@"from '\./([^']+)'")]
    private static partial Regex Imports();
}
