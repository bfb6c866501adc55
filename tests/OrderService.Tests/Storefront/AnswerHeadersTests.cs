using System.Globalization;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise: no cache between shop and buyer keeps an order or a refusal, and no browser guesses at a content type. Broken by a road around
/// the common pipeline: the short-circuited click, the answer to an exception, the answer to a path that does not exist.
/// </summary>
public sealed class AnswerHeadersTests(StorefrontHost storefront)
{
    [Theory]
    [InlineData("GET /orders/00000000000000000000000000000000", 404)]
    [InlineData("GET /orders?saleId=1", 200)]
    [InlineData("GET /orders", 400)]
    [InlineData("POST /orders", 415)]
    [InlineData("DELETE /orders", 405)]
    [InlineData("POST /payments", 415)]
    [InlineData("GET /nowhere", 404)]
    [InlineData("GET /health/live", 200)]
    public async Task No_answer_is_kept_or_guessed_at(string request, int status)
    {
        var answer = await RawHttp.SendAsync(
            storefront.Address,
            [request + " HTTP/1.1", "Authorization: Bearer " + storefront.Token(TestItem.NewId()), "Content-Length: 0"]);
        Assert.Equal(status, answer.Status);
        Assert.Contains("no-store", answer.Headers["Cache-Control"], StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
    }

    [Fact]
    public async Task Neither_is_an_accepted_order()
    {
        using var accepted = await storefront.OrderAsync((await TestItem.OpenEverywhereAsync()).Key, TestItem.NewId());
        Assert.Equal((202, "no-store"), ((int)accepted.StatusCode, accepted.Headers.CacheControl!.ToString()));
        Assert.Equal("nosniff", Assert.Single(accepted.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task Neither_is_the_answer_to_an_exception()
    {
        await using var lost = new StorefrontHost(new() { ["ConnectionStrings:Redis"] = "127.0.0.1:1", ["role"] = "api" });
        await lost.InitializeAsync();
        var item = new TestItem();
        var answer = await RawHttp.SendAsync(
            lost.Address, [string.Create(CultureInfo.InvariantCulture, $"GET /sales/{item.Key.SaleId} HTTP/1.1")]);
        answer.AssertProblem(503, "unavailable");
        Assert.Contains("no-store", answer.Headers["Cache-Control"], StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
    }
}
