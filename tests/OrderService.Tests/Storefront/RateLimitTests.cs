using System.Net;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// One buyer or one address must not take the sale from the others, and must not get around that by claiming another address:
/// X-Forwarded-For counts only when a configured proxy sends it.
/// </summary>
public sealed class RateLimitTests
{
    // Far more than the buckets refill while they are answered, also on a busy machine.
    private const int AtOnce = 60;
    private const string Path = "/orders/00000000000000000000000000000000";

    [Fact]
    public async Task A_buyer_who_hammers_is_refused_and_others_are_not()
    {
        await using var storefront = await StartAsync(new() { ["RateLimits:UserBurst"] = "5", ["RateLimits:UserPerSecond"] = "1" });
        var user = TestItem.NewId();
        using var client = storefront.ClientOf(user);
        var answers = await AtOnceAsync(() => client.GetAsync(new Uri(Path, UriKind.Relative)));
        Assert.InRange(answers.Count(answer => answer.StatusCode == HttpStatusCode.NotFound), 5, AtOnce - 1);
        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Equal("1", refused.Headers.RetryAfter!.ToString());
        Assert.Contains("\"code\":\"rate-limited\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var other = storefront.ClientOf(user + 1);
        Assert.Contains("unknown-order", await other.GetStringOfAsync(Path), StringComparison.Ordinal);
        await Eventually.IsTrueAsync(
            "the buyer may ask again",
            async () => (await client.GetStringOfAsync(Path)).Contains("unknown-order", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refused_order_does_nothing()
    {
        await using var storefront = await StartAsync(new() { ["RateLimits:UserBurst"] = "1", ["RateLimits:UserPerSecond"] = "1" });
        var item = await TestItem.OpenAsync(limit: AtOnce);
        var user = TestItem.NewId();
        var answers = await AtOnceAsync(() => storefront.OrderAsync(item.Key, user));
        var accepted = answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted);
        Assert.Equal(AtOnce - accepted, answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests));
        Assert.InRange(accepted, 1, AtOnce - 1);
        Assert.Equal(accepted, (await item.InspectAsync()).Held);
    }

    [Fact]
    public async Task Nobody_chooses_the_address_that_is_counted()
    {
        await using var storefront = await StartAsync(OneRequestForEachAddress());
        Assert.Contains(429, await AskAsync(storefront, from => $"X-Forwarded-For: 203.0.113.{from}"));
    }

    [Fact]
    public async Task Another_proxy_is_not_believed()
    {
        await using var storefront = await StartAsync(OneRequestForEachAddress("192.0.2.1", "::2"));
        Assert.Contains(429, await AskAsync(storefront, from => $"X-Forwarded-For: 203.0.113.{from}"));
    }

    [Fact]
    public async Task A_configured_proxy_is_believed()
    {
        await using var storefront = await StartAsync(OneRequestForEachAddress("127.0.0.1", "::1"));
        Assert.All(await AskAsync(storefront, from => $"X-Forwarded-For: 203.0.113.{from}"), status => Assert.Equal(404, status));
    }

    [Fact]
    public async Task A_proxy_of_a_configured_network_is_believed()
    {
        await using var storefront = await StartAsync(OneRequestForEachAddress("127.0.0.0/8", "::/64"));
        Assert.All(await AskAsync(storefront, from => $"X-Forwarded-For: 203.0.113.{from}"), status => Assert.Equal(404, status));
    }

    [Fact]
    public async Task What_stands_before_the_last_untrusted_address_is_a_claim()
    {
        await using var storefront = await StartAsync(OneRequestForEachAddress("127.0.0.1", "::1"));
        Assert.Contains(429, await AskAsync(storefront, from => $"X-Forwarded-For: 198.51.100.{from}, 203.0.113.9"));
    }

    [Fact]
    public async Task The_road_may_lead_over_several_configured_proxies()
    {
        await using var storefront = await StartAsync(OneRequestForEachAddress("127.0.0.1", "10.0.0.1", "10.0.0.2"));
        Assert.All(
            await AskAsync(storefront, from => $"X-Forwarded-For: 203.0.113.{from}, 10.0.0.2, 10.0.0.1"),
            status => Assert.Equal(404, status));
    }

    // Broken by a sale page or a payment without a limit, or by one that uses up what the address may order.
    [Theory]
    [InlineData("GET", "/sales")]
    [InlineData("GET", "/sales/1")]
    [InlineData("GET", "/sales/1/queue/proof")]
    [InlineData("GET", "/sales/1/queue/leaves")]
    [InlineData("POST", "/payments")]
    public async Task What_needs_no_token_is_limited_by_address_apart_from_orders(string method, string path)
    {
        await using var storefront = await StartAsync(new() { ["RateLimits:AddressBurst"] = "5", ["RateLimits:AddressPerSecond"] = "1" });
        using var client = storefront.CreateClient();
        var answers = await AtOnceAsync(() => client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)));
        Assert.InRange(answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests), 1, AtOnce - 5);
        using var buyer = storefront.ClientOf(TestItem.NewId());
        Assert.Contains("unknown-order", await buyer.GetStringOfAsync(Path), StringComparison.Ordinal);
    }

    private static Dictionary<string, string> OneRequestForEachAddress(params string[] proxies)
    {
        var settings = new Dictionary<string, string> { ["RateLimits:AddressBurst"] = "1", ["RateLimits:AddressPerSecond"] = "1" };
        for (var i = 0; i < proxies.Length; i++)
        {
            settings[$"RateLimits:TrustedProxies:{i}"] = proxies[i];
        }

        return settings;
    }

    private static Task<HttpResponseMessage[]> AtOnceAsync(Func<Task<HttpResponseMessage>> ask) =>
        Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => ask())).InTime();

    private static async Task<int[]> AskAsync(StorefrontHost storefront, Func<int, string> header)
    {
        var token = storefront.Token(TestItem.NewId());
        var answers = await Task.WhenAll(Enumerable.Range(1, AtOnce).Select(from => RawHttp.SendAsync(
            storefront.Address, [$"GET {Path} HTTP/1.1", "Authorization: Bearer " + token, header(from)])));
        return [.. answers.Select(answer => answer.Status)];
    }

    private static async Task<StorefrontHost> StartAsync(Dictionary<string, string> settings)
    {
        settings["role"] = "api";
        var storefront = new StorefrontHost(settings);
        await storefront.InitializeAsync();
        return storefront;
    }
}
