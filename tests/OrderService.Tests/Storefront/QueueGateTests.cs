using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Seckill.OrderService.WaitingRoom;
using Seckill.Shared.Security;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise 14, the gates: a group that the shop has signed gets so many places and no more, no buyer asks without end, and nothing of the
/// draw is known before it is made. Broken by a claim that is not read, or by an answer that takes a way past the limits.
/// </summary>
public sealed class QueueGateTests(StorefrontHost storefront)
{
    private static readonly TimeSpan s_later = TimeSpan.FromHours(1);
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task A_group_gets_so_many_places_whichever_of_its_buyers_come()
    {
        var sale = await QueuedSale.OpenAsync(storefront, s_later, change: plan => plan with { GroupLimit = 2 });
        for (var i = 0; i < 4; i++)
        {
            var answer = await sale.RegisterAsync(_user + i, token: Token(_user + i, "family"));
            Assert.Equal(i < 2 ? (202, null) : (409, "group-full"), i < 2 ? (answer.Status, null) : QueuedSale.Refusal(answer));
        }

        // Another group, a buyer without one, and a buyer who has a place.
        Assert.Equal(202, (await sale.RegisterAsync(_user + 5, token: Token(_user + 5, "another"))).Status);
        Assert.Equal(202, (await sale.RegisterAsync(_user + 6)).Status);
        Assert.Equal(202, (await sale.RegisterAsync(_user, token: Token(_user, "family"))).Status);
    }

    [Fact]
    public async Task A_group_is_not_counted_where_the_sale_has_no_limit()
    {
        var sale = await QueuedSale.OpenAsync(storefront, s_later);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(202, (await sale.RegisterAsync(_user + i, token: Token(_user + i, "family"))).Status);
        }
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Who_asks_without_end_is_refused_and_keeps_the_place(string method)
    {
        await using var tight = new StorefrontHost(
            new() { ["role"] = "api", ["RateLimits:UserBurst"] = "5", ["RateLimits:UserPerSecond"] = "1" });
        await tight.InitializeAsync();
        var sale = await QueuedSale.OpenAsync(storefront, s_later);
        await sale.RegisterAsync(_user);
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ =>
            sale.AskAsync(new HttpMethod(method), sale.Path, _user, at: tight)));
        Assert.Contains(answers, answer => answer.Status == 202);
        Assert.Contains(answers, answer => QueuedSale.Refusal(answer) == (429, "rate-limited"));
        Assert.Equal(202, (await sale.PollAsync(_user)).Status);
    }

    [Fact]
    public async Task Before_the_draw_nobody_learns_the_secret_a_leaf_or_a_position()
    {
        var sale = await QueuedSale.OpenAsync(storefront, s_later);
        await sale.RegisterAsync(_user);
        var secret = (string)(await Servers.Database.HashGetAsync(new RoomKeys(sale.Id).Room, "secret"))!;
        var answers = new[]
        {
            await sale.PollAsync(_user), await sale.AskAsync(HttpMethod.Get, sale.Path + "/proof", null),
            await sale.AskAsync(HttpMethod.Get, sale.Path + "/receipt", _user),
        };
        Assert.All(answers, answer => Assert.DoesNotContain(secret, answer.Body.GetRawText(), StringComparison.OrdinalIgnoreCase));
        Assert.Equal((409, "not-drawn"), QueuedSale.Refusal(await sale.AskAsync(HttpMethod.Get, sale.Path + "/leaves", null)));
        var receipt = await sale.ReceiptAsync(_user);
        Assert.Equal((null, null, null, null), (receipt.Path, receipt.Position, receipt.Proof.Seed, receipt.Proof.MerkleRoot));
    }

    // A captcha of the shop, or a risk that it sees, comes as a claim. Broken by one that is not read, or opens another buyer's door.
    [Fact]
    public async Task The_shop_says_how_much_work_a_buyer_has()
    {
        var sale = await QueuedSale.OpenAsync(storefront, s_later, change: plan => plan with { WorkBits = 4 });
        Assert.Equal((403, 4), Work(await sale.RegisterAsync(_user)));
        // A wrong claim opens no door.
        Assert.Equal((403, 4), Work(await sale.RegisterAsync(_user, token: Token(_user, new BuyerClaims("", 25)))));
        Assert.Equal((403, 4), Work(await sale.RegisterAsync(_user, token: Token(_user, new BuyerClaims("", -1)))));
        Assert.Equal((403, 9), Work(await sale.RegisterAsync(_user, token: Token(_user, new BuyerClaims("", 9)))));
        Assert.Equal(202, (await sale.RegisterAsync(_user, token: Token(_user, new BuyerClaims("", 0)))).Status);
        Assert.Equal((403, 4), Work(await sale.RegisterAsync(_user + 1)));

        static (int, int) Work((int Status, JsonElement Body) answer) => (answer.Status, answer.Body.GetProperty("bits").GetInt32());
    }

    [Fact]
    public async Task A_registration_whose_work_is_done_is_one_of_the_rush()
    {
        var sale = await QueuedSale.OpenAsync(storefront, s_later, change: plan => plan with { WorkBits = 1 });
        var calm = storefront.Services.GetRequiredService<IOptions<WaitingRoomOptions>>().Value.CalmRegistrationsPerSecond;
        var user = _user;
        await Eventually.IsTrueAsync("one more than is calm in a second makes the work harder", async () =>
        {
            var refused = await sale.RegisterAsync(++user);
            var solution = QueueWork.Solve(refused.Body.GetProperty("challenge").GetString()!, 1);
            var demand = storefront.Services.GetRequiredService<RoomBoard>().Find(sale.Id)!.Demand;
            for (var i = 0; i < calm; i++)
            {
                demand.Count();
            }

            Assert.Equal(202, (await sale.RegisterAsync(user, solution)).Status);
            var since = Stopwatch.GetTimestamp();
            while (demand.Rise.Asked == 0 && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(2))
            {
                await Task.Delay(10);
            }

            return demand.Rise.Asked > 0;
        });
    }

    private static string Token(long user, string group) => Token(user, new BuyerClaims(group, null));

    private static string Token(long user, BuyerClaims claims) =>
        new BuyerToken(DevelopmentKeys.BuyerToken, TimeProvider.System).Sign(user, s_later, claims);
}
