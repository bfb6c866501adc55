using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Seckill.Shared.Security;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise 14: no pass is accepted twice, or after its time, at any instance; and a buyer who repeats an order by its key gets that order,
/// also when the pass has expired or is used meanwhile. Broken by a mark that only one process knows, or by a check that stands before the
/// retry.
/// </summary>
public sealed class PassTests(StorefrontHost storefront)
{
    private static readonly TimeSpan s_open = TimeSpan.FromHours(-1);

    // One buyer asks for all.
    private static readonly Dictionary<string, string> s_eager =
        new() { ["role"] = "api", ["RateLimits:UserBurst"] = "1000", ["RateLimits:UserPerSecond"] = "1000" };

    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task A_pass_makes_one_order_at_all_instances_together_however_many_passes_the_turn_was_given()
    {
        await using var one = new StorefrontHost(s_eager);
        await using var another = new StorefrontHost(s_eager);
        await one.InitializeAsync();
        await another.InitializeAsync();
        var sale = await QueuedSale.OpenAsync(one, s_open, limit: 50);
        await sale.RegisterAsync(_user);
        var passes = new List<string> { await sale.PassAsync(_user) };
        // A later poll gives another pass, for the same turn.
        await Eventually.IsTrueAsync("the turn has several passes", async () =>
        {
            passes.Add(await sale.PassAsync(_user));
            return passes.Distinct().Count() > 2;
        });
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => sale.OrderAsync(
            _user, passes[i % passes.Count], at: i % 2 == 0 ? one : another, key: i % 3 == 0 ? null : $"click-{i}")));
        var made = Assert.Single(answers, answer => answer.Status == 202).Body.GetProperty("orderId").GetString();
        var refused = answers.Where(answer => answer.Status != 202).ToList();
        Assert.All(refused, answer => Assert.Equal((403, "pass-used"), QueuedSale.Refusal(answer)));
        Assert.All(refused, answer => Assert.Equal(made, Assert.Single(answer.Body.GetProperty("orderIds").EnumerateArray()).GetString()));
        Assert.Equal(1, (await sale.Item.InspectAsync()).Held);
    }

    [Fact]
    public async Task A_pass_ends_when_the_answer_says_and_not_after_its_place()
    {
        var sale = await QueuedSale.OpenAsync(storefront, s_open);
        await sale.RegisterAsync(_user);
        var told = await sale.BecomesAsync(_user, "admitted");
        var expiresAt = told.GetProperty("passExpiresAt").GetDateTimeOffset();
        var now = TimeProvider.System.GetUtcNow();
        Assert.InRange(expiresAt, now.AddSeconds(-1), now.AddSeconds(600));
        Assert.Equal(SalePassState.Valid, StateAt(expiresAt.AddMilliseconds(-1)));
        Assert.Equal(SalePassState.Expired, StateAt(expiresAt));

        SalePassState StateAt(DateTimeOffset time) => new SalePass([DevelopmentKeys.BuyerToken], new FakeTimeProvider(time))
            .Check(told.GetProperty("pass").GetString(), _user, sale.Id, out _);
    }

    [Fact]
    public async Task A_cancelled_order_gives_no_second_one_for_its_pass()
    {
        var sale = await QueuedSale.OpenAsync(storefront, s_open);
        await sale.RegisterAsync(_user);
        var pass = await sale.PassAsync(_user);
        var (_, order) = await sale.OrderAsync(_user, pass);
        await TestItem.Ledger.ReleaseAsync(sale.Item.Keys, [order.GetProperty("orderId").GetString()!]);
        Assert.Equal((403, "pass-used"), QueuedSale.Refusal(await sale.OrderAsync(_user, pass)));
        Assert.Equal((403, "pass-used"), QueuedSale.Refusal(await sale.OrderAsync(_user, await sale.PassAsync(_user))));
    }

    [Fact]
    public async Task A_retry_by_its_key_gets_its_order_also_when_the_pass_has_expired()
    {
        var sale = await QueuedSale.OpenAsync(storefront, s_open);
        await sale.RegisterAsync(_user);
        var (_, order) = await sale.OrderAsync(_user, await sale.PassAsync(_user), key: "click");
        var expired = Pass(_user, sale.Id, TimeSpan.FromSeconds(-30));
        var (status, retry) = await sale.OrderAsync(_user, expired, key: "click");
        Assert.Equal((202, order.GetRawText()), (status, retry.GetRawText()));
        Assert.Equal((403, "pass-expired"), QueuedSale.Refusal(await sale.OrderAsync(_user, expired, key: "another")));
        Assert.Equal((403, "pass-expired"), QueuedSale.Refusal(await sale.OrderAsync(_user, expired)));
        // The pass of another buyer, expired or not, repeats nothing.
        Assert.Equal(
            (403, "pass-required"),
            QueuedSale.Refusal(await sale.OrderAsync(_user, Pass(_user + 1, sale.Id, TimeSpan.FromSeconds(-30)), key: "click")));
        Assert.Equal((403, "pass-required"), QueuedSale.Refusal(await sale.OrderAsync(_user, null, key: "click")));
        Assert.Equal(1, (await sale.Item.InspectAsync()).Held);
    }

    [Fact]
    public async Task A_new_turn_makes_a_new_order()
    {
        await using var eager = new StorefrontHost(s_eager);
        await eager.InitializeAsync();
        var sale = await QueuedSale.OpenAsync(eager, s_open, change: plan => plan with { PassSeconds = 1 });
        await OrdersAsync("the first turn");
        await OrdersAsync("the next one");
        Assert.Equal(2, (await sale.Item.InspectAsync()).Held);

        // Asks for another turn whenever the last one is over: the machine may be too slow for one of a second.
        Task OrdersAsync(string turn) => Eventually.IsTrueAsync($"the buyer orders in {turn}", async () =>
            (await sale.RegisterAsync(_user)).Body.TryGetProperty("pass", out var pass) && pass.ValueKind == JsonValueKind.String
            && (await sale.OrderAsync(_user, pass.GetString())).Status == 202);
    }

    [Fact]
    public async Task While_the_room_is_off_a_pass_is_not_used_up_and_afterwards_it_is()
    {
        var sale = await QueuedSale.OpenAsync(storefront, s_open, limit: 50);
        await sale.RegisterAsync(_user);
        var pass = await sale.PassAsync(_user);
        Assert.Equal(202, (await sale.OrderAsync(_user, pass)).Status);
        await sale.ChangeAsync(plan => plan with { Mode = RoomMode.Off });
        await Eventually.IsTrueAsync("no pass is needed", async () => (await sale.OrderAsync(_user, pass)).Status == 202);
        var given = await sale.PassAsync(_user + 1);
        Assert.Equal(202, (await sale.OrderAsync(_user + 1, given)).Status);
        await sale.ChangeAsync(plan => plan with { Mode = RoomMode.Open });
        await Eventually.IsTrueAsync("a pass is needed", async () => (await sale.OrderAsync(_user + 2, null)).Status == 403);
        Assert.Equal((403, "pass-used"), QueuedSale.Refusal(await sale.OrderAsync(_user, pass)));
        Assert.Equal((403, "pass-used"), QueuedSale.Refusal(await sale.OrderAsync(_user + 1, given)));
    }

    private static string Pass(long user, long sale, TimeSpan expiresIn)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new SalePass([DevelopmentKeys.BuyerToken], TimeProvider.System)
            .Issue(user, sale, now.AddMinutes(-10).ToUnixTimeMilliseconds(), now + expiresIn);
    }
}
