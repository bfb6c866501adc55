using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Seckill.OrderService.Overload;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness.Processes;

namespace Seckill.OrderService.Tests.Overload;

/// <summary>
/// The whole of it: Redis becomes slow while a crowd clicks, and nobody sets a limit by hand. Broken by a wait that is not measured, or
/// by a limit that does not come back.
/// </summary>
public sealed class SlowRedisTests
{
    private const int Crowd = 150;
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task While_Redis_is_slow_new_clicks_are_shed_and_those_who_have_an_order_are_served()
    {
        await using var redis = Relay.ToRedis();
        await using var storefront = new StorefrontHost(new()
        {
            // A call that times out is tested with the batcher; here it would say nothing certain.
            ["ConnectionStrings:Redis"] = redis.Setting.Value + ",asyncTimeout=60000",
            ["Overload:MinConcurrency"] = "10", ["Overload:InitialConcurrency"] = "100",
            ["RateLimits:UserBurst"] = "100000", ["RateLimits:AddressBurst"] = "1000000000", ["Events:KeepAliveSeconds"] = "1",
        });
        await storefront.InitializeAsync();
        // One for all: the host keeps a list of its clients, which is not made for a crowd.
        using var client = storefront.CreateClient();
        var controller = storefront.Services.GetRequiredService<OverloadController>();
        var item = await TestItem.OpenEverywhereAsync(units: 100_000, limit: 10);
        var orders = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => ClickAsync(_user, $"{i}")));
        Assert.All(orders, order => Assert.Equal(HttpStatusCode.Accepted, order.Status));
        await Eventually.IsTrueAsync("the orders are rows", async () => (await item.RowsAsync()).Count == orders.Length);

        redis.Delay(TimeSpan.FromMilliseconds(150));
        var (answers, next) = (new ConcurrentQueue<(HttpStatusCode Status, string Body)>(), _user);
        using var over = new CancellationTokenSource();
        var crowd = Enumerable.Range(0, Crowd).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                answers.Enqueue(await ClickAsync(Interlocked.Increment(ref next), null));
            }
        })).ToList();
        await Eventually.IsTrueAsync(
            "new clicks are shed because clicks wait for Redis", () => controller.Shed()
                .Any(shed => shed is { Class: "new-click", Reason: "queue-wait", Count: > 100 }) && controller.Limit < 50);
        // Many times, because a class is shed by chance otherwise.
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(orders[i % 3], await ClickAsync(_user, $"{i % 3}"));
            var poll = await SendAsync(HttpMethod.Get, "/orders/" + OrderOf(orders[0]), _user);
            Assert.Contains("placed", poll.Body, StringComparison.Ordinal);
        }

        var (payment, path) = (CrowdedStorefront.Payment(OrderOf(orders[0])), $"/orders/{OrderOf(orders[1])}/cancel");
        Assert.Equal(
            HttpStatusCode.OK,
            (await SendAsync(HttpMethod.Post, "/payments", _user, payment, ("X-Signature", Shop.Sign(payment)))).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, path, _user)).Status);
        Assert.DoesNotContain(controller.Shed(), shed => shed is { Class: "retry" or "own-order", Count: > 0 });

        await over.CancelAsync();
        await Task.WhenAll(crowd).InTime();
        redis.Resume();
        Assert.All(answers, answer => Assert.True(
            answer.Status == HttpStatusCode.Accepted || answer.Body.Contains("\"code\":\"busy\"", StringComparison.Ordinal), answer.Body));
        await Eventually.IsTrueAsync("the limit is back", () => controller.Limit >= 100);
        Assert.Equal(0, controller.InFlight);
        Assert.Equal(HttpStatusCode.Accepted, (await ClickAsync(_user - 1, null)).Status);
        // Whoever was told that nothing was done has nothing.
        Assert.Equal(
            answers.Count(answer => answer.Status == HttpStatusCode.Accepted) + orders.Length + 1,
            await Servers.Database.HashLengthAsync(item.Keys.Holds));

        Task<(HttpStatusCode Status, string Body)> ClickAsync(long user, string? key) => SendAsync(
            HttpMethod.Post, "/orders", user,
            string.Create(CultureInfo.InvariantCulture, $$"""{"saleId":{{item.Key.SaleId}},"skuId":{{item.Key.SkuId}},"quantity":1}"""),
            key is null ? null : ("Idempotency-Key", key));

        async Task<(HttpStatusCode Status, string Body)> SendAsync(
            HttpMethod method, string path, long user, string? json = null, (string Name, string Value)? header = null)
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", storefront.Token(user));
            request.Content = json is null ? null : Shop.Json(json);
            if (header is { } one)
            {
                request.Headers.Add(one.Name, one.Value);
            }

            using var answer = await client.SendAsync(request).InTime();
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    private static string OrderOf((HttpStatusCode Status, string Body) answer) =>
        JsonDocument.Parse(answer.Body).RootElement.GetProperty("orderId").GetString()!;
}
