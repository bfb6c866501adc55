using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Dapper;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.OrderService.Tests.WarmUp;

/// <summary>
/// Promise: a process is ready and serving only once it has run its hot path, and that leaves nothing: no key, no row, no message, no
/// figure of a sale, no rate limit. A store that is down delays it by its limit alone. In real processes, which have metrics of their own.
/// </summary>
public sealed class WarmUpTests
{
    private const string KeysOfRehearsals = "seckill:{9223372036854775807:*";

    [Theory]
    [InlineData("all")]
    [InlineData("api")]
    public async Task A_rehearsal_ends_and_leaves_no_trace(string role)
    {
        await using var service = Start(role, ("RateLimits__AddressBurst", "1"), ("RateLimits__AddressPerSecond", "1"));
        await service.BecomesAsync(200);
        // A machine under load may need more than the minute.
        await service.WritesAsync("Warmed up in |its time was over");
        Assert.Empty(Keys());

        using var http = new HttpClient { BaseAddress = service.Url };
        var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Contains("seckill_health", metrics, StringComparison.Ordinal);
        Assert.DoesNotMatch(
            "(?m)^seckill_(reservations(_batch_size|_call_duration|_queue_wait|_total)|relay_orders|relay_lag|requests_refused)", metrics);
        Assert.DoesNotContain("warm-up/", metrics, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, await OrderAsync(http));
        await using var database = await Servers.Orders.OpenConnectionAsync();
        Assert.Equal(0, await database.ExecuteScalarAsync<long>(
            """
            select (select count(*) from orders where sale_id = @Sale) + (select count(*) from quarantined_orders where sale_id = @Sale)
              + (select count(*) from stock_writes where sale_id = @Sale)
            """,
            new { Sale = long.MaxValue }));
    }

    // Broken by a key that reserve.lua creates without an expiry.
    [Fact]
    public async Task A_kill_in_the_rehearsal_leaves_only_keys_that_expire()
    {
        await using var service = Start("api");
        RedisKey[] keys = [];
        await Eventually.IsTrueAsync("a rehearsal has orders", async () =>
            (keys = Keys()).Length == 8 && await Servers.Database.HashLengthAsync(keys.Single(key => IsOf(key, "holds"))) > 1);
        await service.KillAsync();
        Assert.All(keys, key => Assert.InRange(
            Servers.Database.KeyTimeToLive(key) ?? TimeSpan.MaxValue, TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1)));
        await Servers.Database.KeyDeleteAsync(keys);
    }

    [Fact]
    public async Task Without_Redis_a_process_is_alive_at_once_and_serves_when_the_time_is_over()
    {
        await using var waiting = Start("api", ("ConnectionStrings__Redis", "127.0.0.1:1"));
        await using var serving = Start("api", ("ConnectionStrings__Redis", "127.0.0.1:1"), ("WarmUp__LongestMilliseconds", "100"));
        foreach (var service in (ServiceProcess[])[waiting, serving])
        {
            await service.ListensAsync();
            Assert.Equal(HttpStatusCode.OK, await AskAsync(service, "/health/live"));
        }

        await Eventually.IsTrueAsync("it serves", async () => await AskAsync(serving, "/health/serving") == HttpStatusCode.OK);
        await serving.WritesAsync("Not warm after ");
        // Its limit is a minute.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await AskAsync(waiting, "/health/serving"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(waiting, "/health/live"));
    }

    private static ServiceProcess Start(string role, params (string Name, string? Value)[] settings) => ServiceProcess.Start(
        "warm-up", "OrderService", ["--role", role],
        [("ASPNETCORE_ENVIRONMENT", "Development"), ("WarmUp__LongestMilliseconds", "60000"), .. settings]);

    private static RedisKey[] Keys() =>
        [.. Servers.Redis.GetServers().Where(server => !server.IsReplica).SelectMany(server => server.Keys(pattern: KeysOfRehearsals))];

    private static bool IsOf(RedisKey key, string name) => key.ToString().EndsWith($"}}:{name}", StringComparison.Ordinal);

    private static async Task<HttpStatusCode> AskAsync(ServiceProcess service, string path)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(service.Url, path)).InTime();
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> OrderAsync(HttpClient http)
    {
        var token = new BuyerToken(DevelopmentKeys.BuyerToken, TimeProvider.System).Sign(1, TimeSpan.FromMinutes(1));
        using var order = new HttpRequestMessage(HttpMethod.Post, "/orders");
        order.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        order.Content = new StringContent(
            string.Create(CultureInfo.InvariantCulture, $$"""{"saleId":{{TestItem.NewId()}},"skuId":1,"quantity":1}"""),
            new MediaTypeHeaderValue("application/json"));
        using var answer = await http.SendAsync(order).InTime();
        return answer.StatusCode;
    }
}
