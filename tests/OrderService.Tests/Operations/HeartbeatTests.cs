using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Seckill.Shared.Stock;
using Seckill.Shared.Telemetry;

namespace Seckill.OrderService.Tests.Operations;

/// <summary>
/// What the dashboard receives: broken by an instrument that is renamed, or an endpoint that the server no longer measures.
/// </summary>
public sealed class HeartbeatTests(StorefrontHost storefront)
{
    [Fact]
    public async Task The_heartbeat_reports_every_answer_by_its_reason_and_how_long_it_took()
    {
        var heard = new ConcurrentQueue<Heartbeat>();
        Heartbeat.Listen(Servers.Redis, heard.Enqueue);
        var item = await TestItem.OpenEverywhereAsync(units: 1, limit: 1);
        // Other tests run storefronts of their own in this process: only this one has clicks of the sale.
        Heartbeat? before = null;
        var tooMany = 0;
        await Eventually.IsTrueAsync("a click is told", async () =>
        {
            tooMany++;
            using var refused = await storefront.OrderAsync(item.Key, 1_000 + tooMany, quantity: 2);
            return (before = heard.FirstOrDefault(heartbeat => ClicksOfTheSale(heartbeat) > 0)) is not null;
        });

        using var reserved = await storefront.OrderAsync(item.Key, 7, key: "k");
        using var replayed = await storefront.OrderAsync(item.Key, 7, key: "k");
        using var limited = await storefront.OrderAsync(item.Key, 7);
        using var soldOut = await storefront.OrderAsync(item.Key, 8);
        using var soldOutByGate = await storefront.OrderAsync(item.Key, 9);
        using var invalid = await storefront.OrderAsync(item.Key, 7, quantity: 0);
        var cooling = await TestItem.OpenAsync();
        await TestItem.Ledger.EditAsync(cooling.Keys, cooling.Plan() with { CoolDownSeconds = 3600 }, ItemState.Open);
        await TestItem.Ledger.ReleaseAsync(cooling.Keys, [await cooling.ReserveOneAsync(7)]);
        using var cools = await storefront.OrderAsync(cooling.Key, 7);
        // Counted by the same process, whichever host answers.
        await using var strict = new StorefrontHost(
            new() { ["role"] = "api", ["RateLimits:UserBurst"] = "1", ["RateLimits:UserPerSecond"] = "1" });
        await strict.InitializeAsync();
        await Eventually.IsTrueAsync("a click is one too many", async () =>
        {
            using var answer = await strict.OrderAsync(item.Key, 7);
            return answer.StatusCode == HttpStatusCode.TooManyRequests;
        });
        using var client = storefront.CreateClient();
        using var unknown = await client.PostAsync(new Uri("/orders", UriKind.Relative), null).InTime();
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);

        (string Reason, int Times)[] answers =
        [
            ("reserved", 1), ("replayed", 1), ("limit-reached", 1), ("sold-out", 2), ("invalid-request", 1), ("unauthenticated", 1),
            ("cooling-down", 1), ("rate-limited", 1),
        ];
        Heartbeat? after = null;
        await Eventually.IsTrueAsync("the answers are told", () => (after = heard.FirstOrDefault(heartbeat =>
            heartbeat.Instance == before!.Instance && answers.All(answer => Grew(heartbeat, answer.Reason, answer.Times)))) is not null);
        Assert.True(after!.Latency.Sum() >= before!.Latency.Sum() + 7, $"{before.Latency.Sum()} then {after.Latency.Sum()}");
        Assert.True(after.UptimeMilliseconds > before.UptimeMilliseconds);
        // Those that reached an item, accepted and refused.
        await Eventually.IsTrueAsync("all clicks are told", () => heard.Any(heartbeat => ClicksOfTheSale(heartbeat) == tooMany + 5));

        long ClicksOfTheSale(Heartbeat heartbeat) =>
            heartbeat.Clicks?.GetValueOrDefault(item.Key.SaleId.ToString(CultureInfo.InvariantCulture)) ?? 0;

        bool Grew(Heartbeat heartbeat, string reason, int times) =>
            heartbeat.Answers.GetValueOrDefault(reason) >= before!.Answers.GetValueOrDefault(reason) + times;
    }
}
