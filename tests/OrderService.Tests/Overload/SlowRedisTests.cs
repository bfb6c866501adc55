using System.Collections.Concurrent;
using System.Net;
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
            ["ConnectionStrings:Redis"] = redis.Setting.Value, ["Overload:MinConcurrency"] = "10", ["Overload:InitialConcurrency"] = "100",
            ["RateLimits:UserBurst"] = "100000", ["RateLimits:AddressBurst"] = "1000000000", ["Events:KeepAliveSeconds"] = "1",
        });
        await storefront.InitializeAsync();
        var controller = storefront.Services.GetRequiredService<OverloadController>();
        var item = await TestItem.OpenEverywhereAsync(units: 100_000, limit: 10);
        var orders = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => ClickAsync(storefront, item, _user, $"{i}")));
        Assert.All(orders, order => Assert.Equal(HttpStatusCode.Accepted, order.Status));
        await Eventually.IsTrueAsync("the orders are rows", async () => (await item.RowsAsync()).Count == orders.Length);

        redis.Delay(TimeSpan.FromMilliseconds(150));
        var (answers, next) = (new ConcurrentQueue<(HttpStatusCode Status, string Body)>(), _user);
        using var over = new CancellationTokenSource();
        var crowd = Enumerable.Range(0, Crowd).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                answers.Enqueue(await ClickAsync(storefront, item, Interlocked.Increment(ref next), null));
            }
        })).ToList();
        await Eventually.IsTrueAsync(
            "new clicks are shed because clicks wait for Redis", () => controller.Shed()
                .Any(shed => shed is { Class: "new-click", Reason: "queue-wait", Count: > 100 }) && controller.Limit < 50);
        // Many times, because a class is shed by chance otherwise.
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(orders[i % 3], await ClickAsync(storefront, item, _user, $"{i % 3}"));
            using var client = storefront.ClientOf(_user);
            Assert.Contains("placed", await client.GetStringOfAsync("/orders/" + OrderOf(orders[0])), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, await PostAsync(storefront, "/payments", CrowdedStorefront.Payment(OrderOf(orders[0]))));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(storefront, $"/orders/{OrderOf(orders[1])}/cancel"));
        Assert.DoesNotContain(controller.Shed(), shed => shed is { Class: "retry" or "own-order", Count: > 0 });

        await over.CancelAsync();
        await Task.WhenAll(crowd).InTime();
        redis.Resume();
        Assert.All(answers, answer => Assert.True(
            answer.Status == HttpStatusCode.Accepted || answer.Body.Contains("\"code\":\"busy\"", StringComparison.Ordinal), answer.Body));
        await Eventually.IsTrueAsync("the limit is back", () => controller.Limit >= 100);
        Assert.Equal(0, controller.InFlight);
        Assert.Equal(HttpStatusCode.Accepted, (await ClickAsync(storefront, item, _user - 1, null)).Status);
        // Whoever was told that nothing was done has nothing.
        Assert.Equal(
            answers.Count(answer => answer.Status == HttpStatusCode.Accepted) + orders.Length + 1,
            await Servers.Database.HashLengthAsync(item.Keys.Holds));
    }

    private static string OrderOf((HttpStatusCode Status, string Body) answer) =>
        System.Text.Json.JsonDocument.Parse(answer.Body).RootElement.GetProperty("orderId").GetString()!;

    private static async Task<(HttpStatusCode Status, string Body)> ClickAsync(
        StorefrontHost storefront, TestItem item, long user, string? key)
    {
        using var answer = await storefront.OrderAsync(item.Key, user, key: key);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<HttpStatusCode> PostAsync(StorefrontHost storefront, string path, string? signed = null)
    {
        using var client = storefront.ClientOf(_user);
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (signed is not null)
        {
            request.Content = Shop.Json(signed);
            request.Headers.Add("X-Signature", Shop.Sign(signed));
        }

        using var answer = await client.SendAsync(request).InTime();
        return answer.StatusCode;
    }
}
