using System.Globalization;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise: a page of a configured origin can order from a browser, and a page of any other cannot; operators' and the provider's paths
/// are nobody's page. Broken by a preflight that the short-circuited route answers with 405, by a refusal without the headers (the page
/// then cannot read why), and by a cached answer that has them for one origin and not for another.
/// </summary>
public sealed class CrossOriginTests(StorefrontHost without)
{
    private const string Origin = "https://shop.example";

    [Theory]
    [InlineData("/orders", "POST")]
    [InlineData("/orders/00000000000000000000000000000000/cancel", "POST")]
    [InlineData("/orders/00000000000000000000000000000000/events", "GET")]
    [InlineData("/sales/1", "GET")]
    public async Task A_preflight_is_answered_and_may_be_kept(string path, string method)
    {
        await using var storefront = await StartAsync(Origin, "http://localhost:3000");
        var answer = await PreflightAsync(storefront, path, Origin, method);
        Assert.Equal(204, answer.Status);
        Assert.Equal(Origin, answer.Headers["Access-Control-Allow-Origin"]);
        Assert.Contains(method, answer.Headers["Access-Control-Allow-Methods"], StringComparison.Ordinal);
        Assert.Equal(
            "Authorization,Content-Type,Idempotency-Key,Last-Event-ID,Queue-Work,Sale-Pass",
            answer.Headers["Access-Control-Allow-Headers"]);
        Assert.Equal("7200", answer.Headers["Access-Control-Max-Age"]);
        Assert.Equal("Origin", answer.Headers["Vary"]);
        Assert.False(answer.Headers.ContainsKey("Access-Control-Allow-Credentials"));
    }

    [Fact]
    public async Task A_page_reads_acceptance_and_refusal()
    {
        await using var storefront = await StartAsync(Origin);
        var item = await TestItem.OpenEverywhereAsync();
        var body = string.Create(
            CultureInfo.InvariantCulture, $$"""{"saleId":{{item.Key.SaleId}},"skuId":{{item.Key.SkuId}},"quantity":1}""");
        var accepted = await OrderAsync(storefront, storefront.Token(TestItem.NewId()), body);
        var refused = await OrderAsync(storefront, "a.b.c", body);
        Assert.Equal((202, 401), (accepted.Status, refused.Status));
        Assert.All([accepted, refused], answer =>
        {
            Assert.Equal(Origin, answer.Headers["Access-Control-Allow-Origin"]);
            Assert.Equal("Location,Retry-After,ETag", answer.Headers["Access-Control-Expose-Headers"]);
            Assert.Equal("Origin", answer.Headers["Vary"]);
        });
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("https://shop.example.evil.example")]
    [InlineData("http://shop.example")]
    [InlineData("null")]
    public async Task A_page_of_another_origin_gets_no_permission(string origin)
    {
        await using var storefront = await StartAsync(Origin);
        var preflight = await PreflightAsync(storefront, "/orders", origin, "POST");
        var sale = await GetAsync(storefront, "/sales/1", "Origin: " + origin);
        Assert.All([preflight, sale], answer =>
        {
            Assert.False(answer.Headers.ContainsKey("Access-Control-Allow-Origin"));
            Assert.Equal("Origin", answer.Headers["Vary"]);
        });
    }

    [Theory]
    [InlineData("/dual-write", "PUT")]
    [InlineData("/payments", "POST")]
    [InlineData("/metrics", "GET")]
    [InlineData("/health/ready", "GET")]
    [InlineData("/openapi/v1.json", "GET")]
    public async Task What_is_not_the_storefront_gives_no_page_permission(string path, string method)
    {
        await using var storefront = await StartAsync("*");
        Assert.False((await PreflightAsync(storefront, path, Origin, method)).Headers.ContainsKey("Access-Control-Allow-Origin"));
        Assert.False((await GetAsync(storefront, path, "Origin: " + Origin)).Headers.ContainsKey("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_cached_answer_says_that_it_depends_on_the_origin()
    {
        await using var storefront = await StartAsync("*");
        var item = await TestItem.OpenEverywhereAsync();
        var path = string.Create(CultureInfo.InvariantCulture, $"/sales/{item.Key.SaleId}");
        var (plain, crossing) = (await GetAsync(storefront, path), await GetAsync(storefront, path, "Origin: " + Origin));
        Assert.False(plain.Headers.ContainsKey("Access-Control-Allow-Origin"));
        Assert.Equal("*", crossing.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal(("Origin", "Origin"), (plain.Headers["Vary"], crossing.Headers["Vary"]));
    }

    [Fact]
    public async Task Without_origins_nothing_is_answered()
    {
        (await PreflightAsync(without, "/orders", Origin, "POST")).AssertProblem(405, "method-not-allowed");
        var sale = await GetAsync(without, "/sales/1", "Origin: " + Origin);
        Assert.DoesNotContain(sale.Headers.Keys, name => name.StartsWith("Access-Control", StringComparison.Ordinal) || name == "Vary");
    }

    private static Task<RawAnswer> PreflightAsync(StorefrontHost storefront, string path, string origin, string method) =>
        RawHttp.SendAsync(storefront.Address,
            [
                $"OPTIONS {path} HTTP/1.1", "Origin: " + origin, "Access-Control-Request-Method: " + method,
                "Access-Control-Request-Headers: authorization,content-type,idempotency-key",
            ]);

    private static Task<RawAnswer> GetAsync(StorefrontHost storefront, string path, params string[] headers) =>
        RawHttp.SendAsync(storefront.Address, [$"GET {path} HTTP/1.1", .. headers]);

    private static Task<RawAnswer> OrderAsync(StorefrontHost storefront, string token, string body) =>
        RawHttp.SendAsync(
            storefront.Address,
            [
                "POST /orders HTTP/1.1", "Origin: " + Origin, "Authorization: Bearer " + token, "Content-Type: application/json",
                string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}"),
            ],
            System.Text.Encoding.ASCII.GetBytes(body));

    private static async Task<StorefrontHost> StartAsync(params string[] origins)
    {
        var settings = new Dictionary<string, string> { ["role"] = "api" };
        for (var i = 0; i < origins.Length; i++)
        {
            settings[string.Create(CultureInfo.InvariantCulture, $"Cors:Origins:{i}")] = origins[i];
        }

        var storefront = new StorefrontHost(settings);
        await storefront.InitializeAsync();
        return storefront;
    }
}
