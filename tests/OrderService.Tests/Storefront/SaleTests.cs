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

    // Shops and caches drop a page on 404, and keep it on 503. Broken by an answer that asks Redis alone.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_sale_that_Redis_has_lost_is_unavailable_and_not_unknown(bool withItsItems)
    {
        var item = await TestItem.OpenEverywhereAsync();
        await Servers.Database.HashDeleteAsync("seckill:sales", withItsItems ? item.Key.SaleId : 0);
        await Servers.Database.KeyDeleteAsync(item.Keys.State);
        var answer = await GetAsync(Path(item));
        answer.AssertProblem(503, "unavailable");
        Assert.InRange(int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, 3);
        Assert.DoesNotContain("public", answer.Headers.GetValueOrDefault("Cache-Control", ""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sale_that_is_unknown_is_so_for_a_second_in_every_cache()
    {
        var answer = await GetAsync(Path(new TestItem()));
        answer.AssertProblem(404, "unknown-sale");
        Assert.Equal("public, max-age=1", answer.Headers["Cache-Control"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reading_that_the_client_has_is_not_sent_again(bool isList)
    {
        var item = await TestItem.OpenEverywhereAsync();
        var path = isList ? "/sales" : Path(item);
        RawAnswer first = null!, again = null!;
        // Unless the second was over in between.
        await Eventually.IsTrueAsync("the client has it", async () =>
        {
            first = await GetAsync(path);
            again = await GetAsync(path, "If-None-Match: \"another\", " + first.Headers["ETag"]);
            return again.Status == 304;
        });
        Assert.Equal(("", first.Headers["ETag"], "public, max-age=1"), (again.Body, again.Headers["ETag"], again.Headers["Cache-Control"]));
        Assert.Equal(200, (await GetAsync(path, "If-None-Match: \"another\"")).Status);
    }

    // Broken by a tag of the content: while nothing changes, a cache would keep the first body, and its server time with it.
    [Fact]
    public async Task No_cache_keeps_an_old_server_time()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var first = await GetAsync(Path(item));
        await Eventually.IsTrueAsync(
            "the next reading has another tag",
            async () => (await GetAsync(Path(item), "If-None-Match: " + first.Headers["ETag"])).Status == 200);
    }

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

    private Task<RawAnswer> GetAsync(string path, params string[] headers) =>
        RawHttp.SendAsync(storefront.Address, [$"GET {path} HTTP/1.1", .. headers]);

    private async Task<string> ReadAsync(TestItem item)
    {
        using var client = storefront.CreateClient();
        return await client.GetStringOfAsync(Path(item));
    }
}
