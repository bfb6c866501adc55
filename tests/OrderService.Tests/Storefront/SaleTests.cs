using System.Globalization;
using System.Text.Json;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>Every phone in the country counts down against this answer, and stops asking when it says sold out.</summary>
public sealed class SaleTests(StorefrontHost storefront)
{
    [Fact]
    public async Task A_sale_shows_its_window_the_server_time_and_its_items()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 5, limit: 3);
        using var client = storefront.CreateClient();
        using var response = await client.GetAsync(new Uri(Path(item), UriKind.Relative)).InTime();
        Assert.Equal("public, max-age=1", response.Headers.CacheControl!.ToString());
        var sale = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(
            ["saleId", "name", "opensAt", "closesAt", "serverTime", "state", "items"],
            sale.EnumerateObject().Select(member => member.Name));
        Assert.Equal("open", sale.GetProperty("state").GetString());
        var first = Assert.Single(sale.GetProperty("items").EnumerateArray());
        Assert.Equal("""{"skuId":1001,"unitPrice":4999,"currency":"EUR","limitPerUser":3,"soldOut":false}""", first.GetRawText());
        Assert.InRange(
            sale.GetProperty("serverTime").GetDateTimeOffset(),
            sale.GetProperty("opensAt").GetDateTimeOffset(),
            sale.GetProperty("closesAt").GetDateTimeOffset());
    }

    [Theory]
    [InlineData(1, 2, "upcoming")]
    [InlineData(-1, 1, "open")]
    [InlineData(-2, -1, "closed")]
    public async Task The_state_follows_the_window(int opensInHours, int closesInHours, string state)
    {
        var item = await TestItem.OpenEverywhereAsync(
            opensIn: TimeSpan.FromHours(opensInHours), closesIn: TimeSpan.FromHours(closesInHours));
        Assert.Contains($"\"state\":\"{state}\"", await ReadAsync(item), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sold_out_is_shown_and_taken_back_when_stock_returns()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 1);
        Assert.Contains("\"soldOut\":false", await ReadAsync(item), StringComparison.Ordinal);
        await item.ReserveOneAsync(7);
        await Eventually.IsTrueAsync(
            "it is shown as sold out", async () => (await ReadAsync(item)).Contains("\"soldOut\":true", StringComparison.Ordinal));
        await Servers.Database.HashIncrementAsync(item.Keys.State, "available", 1);
        await Eventually.IsTrueAsync(
            "it is shown as for sale", async () => (await ReadAsync(item)).Contains("\"soldOut\":false", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_sale_closed_by_hand_is_shown_as_closed()
    {
        var item = await TestItem.OpenEverywhereAsync();
        await TestItem.Ledger.CloseAsync(item.Keys, 0);
        Assert.Contains("\"state\":\"closed\"", await ReadAsync(item), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sale_that_was_never_opened_is_unknown() =>
        Assert.Contains("\"code\":\"unknown-sale\"", await ReadAsync(new TestItem()), StringComparison.Ordinal);

    [Theory]
    [InlineData("+")]
    [InlineData("%20")]
    [InlineData("0")]
    public async Task An_id_has_one_spelling(string before)
    {
        var item = await TestItem.OpenEverywhereAsync();
        using var client = storefront.CreateClient();
        Assert.Contains("\"code\":\"not-found\"", await client.GetStringOfAsync(
            "/sales/" + before + item.Key.SaleId.ToString(CultureInfo.InvariantCulture)), StringComparison.Ordinal);
    }

    private static string Path(TestItem item) => "/sales/" + item.Key.SaleId.ToString(CultureInfo.InvariantCulture);

    private async Task<string> ReadAsync(TestItem item)
    {
        using var client = storefront.CreateClient();
        return await client.GetStringOfAsync(Path(item));
    }
}
