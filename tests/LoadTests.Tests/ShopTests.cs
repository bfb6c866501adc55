using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Tests;

/// <summary>Each way in which a request can end is counted as what it is.</summary>
public sealed class ShopTests
{
    private static readonly OrderRequest s_order = new(7, new SaleItem(1001, 10, 1, 1999, "EUR"), 1);
    private static readonly ShopRequest s_look = new(Step.Look, "sales/7", []);

    [Theory]
    [InlineData(1, "accepted")]
    [InlineData(2, "sold-out")]
    [InlineData(3, "limit-reached")]
    [InlineData(4, "unavailable")]
    [InlineData(5, "rate-limited")]
    [InlineData(6, "undocumented")]
    [InlineData(7, "undocumented")]
    [InlineData(8, "connection-lost")]
    [InlineData(9, "timeout")]
    public async Task An_order_is_counted_as_what_became_of_it(long userId, string outcome)
    {
        await using var server = await FakeShop.StartAsync(http => http.Request.Headers.Authorization.ToString() switch
        {
            "1" => FakeShop.AcceptAsync(http, "0123456789abcdef0123456789abcdef"),
            "2" => FakeShop.RefuseAsync(http, 409, "sold-out"),
            "3" => FakeShop.RefuseAsync(http, 409, "limit-reached"),
            "4" => FakeShop.RefuseAsync(http, 503, "unavailable"),
            "5" => FakeShop.RefuseAsync(http, 429, "rate-limited"),
            "6" => FakeShop.RefuseAsync(http, 500, "oh-no"),
            "7" => http.Response.WriteAsync("hello"),
            "8" => Task.Run(http.Abort),
            _ => Task.Delay(TimeSpan.FromSeconds(20), http.RequestAborted),
        });
        var recorder = new Recorder();
        var timeout = TimeSpan.FromSeconds(outcome == "timeout" ? 1 : 60);
        using var pool = new ClientPool([server.Url], 2, timeout, CancellationToken.None);
        var shop = new Shop(pool, recorder);

        var answer = await shop.OrderAsync(new Buyer(userId, $"{userId}"), s_order, null, Stopwatch.GetTimestamp(), isArrival: true);

        Assert.Equal(outcome, answer.Outcome.Name);
        Assert.Equal(1, recorder.Total.Count(Step.Order, answer.Outcome));
        Assert.Equal((1, 1), (recorder.Total.Requests, recorder.Total.Latency().Count));
        Assert.Equal(outcome is "undocumented" ? 1 : 0, shop.Departed);
        // What may have become an order is kept for the audit; a refusal is not.
        Assert.Equal(outcome is "sold-out" or "limit-reached" or "rate-limited" ? 0 : 1, shop.Log.Count);
        Assert.Equal(outcome == "accepted", answer.Text is not null);
    }

    [Fact]
    public async Task A_storefront_that_is_not_there_is_counted_as_not_connected()
    {
        var server = await FakeShop.StartAsync(_ => Task.CompletedTask);
        await server.DisposeAsync();
        var recorder = new Recorder();
        using var pool = new ClientPool([server.Url], 1, TimeSpan.FromSeconds(5), CancellationToken.None);
        var shop = new Shop(pool, recorder);
        await shop.OrderAsync(new Buyer(1, "x"), s_order, null, Stopwatch.GetTimestamp(), isArrival: true);
        Assert.Equal((1, 0), (recorder.Total.Count(Step.Order, Outcome.NotConnected), shop.Log.Count));
    }

    [Fact]
    public async Task A_visitor_who_waits_in_line_for_too_long_is_counted_as_timed_out()
    {
        var release = new TaskCompletionSource();
        await using var server = await FakeShop.StartAsync(async http =>
        {
            await release.Task;
            await FakeShop.RefuseAsync(http, 409, "sold-out");
        });
        var recorder = new Recorder();
        using var pool = new ClientPool([server.Url], 1, TimeSpan.FromMilliseconds(400), CancellationToken.None);
        var shop = new Shop(pool, recorder);
        await Task.WhenAll(Enumerable.Range(1, 3).Select(async user =>
            await shop.OrderAsync(new Buyer(user, "x"), s_order, null, Stopwatch.GetTimestamp(), isArrival: true)));
        release.SetResult();
        Assert.Equal((3, 2), (recorder.Total.Count(Step.Order, Outcome.TimedOut), recorder.Total.Waited));
    }

    [Fact]
    public async Task A_status_is_read_from_an_order_and_the_newest_one_from_its_events()
    {
        await using var server = await FakeShop.StartAsync(http => http.Request.Path.Value!.EndsWith("/events", StringComparison.Ordinal)
            ? http.Response.WriteAsync("id: 1\nevent: status\ndata: {\"status\":\"reserved\"}\n\ndata: {\"status\":\"paid\"}\n\n")
            : http.Response.WriteAsync("""{"orderId":"a","status":"placed"}"""));
        using var pool = new ClientPool([server.Url], 1, TimeSpan.FromSeconds(5), CancellationToken.None);
        var shop = new Shop(pool, new Recorder());
        Assert.Equal("placed", (await shop.AskAsync(new ShopRequest(Step.Poll, "orders/a", []), 0, isArrival: false)).Text);
        Assert.Equal("paid", (await shop.AskAsync(new ShopRequest(Step.Follow, "orders/a/events", []), 0, isArrival: false)).Text);
        Assert.Equal(Outcome.Answered, (await shop.AskAsync(s_look, 0, isArrival: false)).Outcome);
    }
}
