using System.Text.Json;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise: a buyer who has used up the orders of an item is told so and shown the live ones, and one who must wait is told how long; also
/// when all is sold, and also with a pass. Broken by a gate that takes such a buyer for a stranger, and by a wait without its end.
/// </summary>
public sealed class OrdersEverMadeTests(StorefrontHost storefront)
{
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task Who_has_made_all_orders_is_shown_the_live_ones()
    {
        var item = await OpenAsync(ordersPerUser: 2);
        await TestItem.Ledger.ReleaseAsync(item.Keys, [await item.ReserveOneAsync(_user)]);
        var live = await item.ReserveOneAsync(_user, 1, "key");
        var (status, problem, wait) = await OrderAsync(item);
        Assert.Equal((409, "orders-used-up", null), (status, problem.GetProperty("code").GetString(), wait));
        Assert.Equal(
            ["type", "title", "status", "code", "orderIds"], problem.EnumerateObject().Select(member => member.Name));
        Assert.Equal(live, Assert.Single(problem.GetProperty("orderIds").EnumerateArray()).GetString());
        Assert.Equal(202, (await OrderAsync(item, "key")).Status);
    }

    [Fact]
    public async Task Who_gave_an_order_back_is_told_how_long_to_wait()
    {
        var item = await OpenAsync(coolDownSeconds: 3600);
        await TestItem.Ledger.ReleaseAsync(item.Keys, [await item.ReserveOneAsync(_user, 1, "key")]);
        var (status, problem, wait) = await OrderAsync(item);
        Assert.Equal((429, "cooling-down"), (status, problem.GetProperty("code").GetString()));
        Assert.InRange(wait!.Value, TimeSpan.FromSeconds(3500), TimeSpan.FromSeconds(3600));
        Assert.Equal(202, (await OrderAsync(item, "key")).Status);
    }

    [Fact]
    public async Task That_all_is_sold_hides_neither()
    {
        var item = await OpenAsync(ordersPerUser: 2, coolDownSeconds: 3600, units: 2);
        foreach (var user in new[] { _user, _user + 1 })
        {
            await TestItem.Ledger.ReleaseAsync(item.Keys, [await item.ReserveOneAsync(user)]);
        }

        await Servers.Database.HashSetAsync(item.Keys.Returned, _user, "2 1");
        await item.ReserveOneAsync(_user + 2, 2);
        // Until strangers are refused without a question to Redis, which would be a wrong type to it.
        await Eventually.IsTrueAsync("the gate is closed", async () =>
        {
            Assert.Equal("sold-out", await CodeAsync(_user + 3));
            Assert.Equal("orders-used-up", await CodeAsync(_user));
            Assert.Equal("cooling-down", await CodeAsync(_user + 1));
            var buyers = await Servers.Database.HashGetAllAsync(item.Keys.Buyers);
            await Servers.Database.KeyDeleteAsync(item.Keys.Buyers);
            await Servers.Database.StringSetAsync(item.Keys.Buyers, "");
            var code = await CodeAsync(_user + 3);
            await Servers.Database.KeyDeleteAsync(item.Keys.Buyers);
            await Servers.Database.HashSetAsync(item.Keys.Buyers, buyers);
            return code == "sold-out";
        });
        Assert.Equal("orders-used-up", await CodeAsync(_user));
        Assert.Equal("cooling-down", await CodeAsync(_user + 1));

        async Task<string?> CodeAsync(long user) => (await OrderAsync(item, user: user)).Body.GetProperty("code").GetString();
    }

    [Fact]
    public async Task A_pass_of_a_waiting_room_changes_nothing_of_it()
    {
        var sale = await QueuedSale.OpenAsync(storefront, TimeSpan.FromHours(-1), limit: 5);
        await sale.RegisterAsync(_user);
        var pass = await sale.PassAsync(_user);
        var (_, order) = await sale.OrderAsync(_user, pass);
        await TestItem.Ledger.ReleaseAsync(sale.Item.Keys, [order.GetProperty("orderId").GetString()!]);
        await Servers.Database.HashSetAsync(sale.Item.Keys.State, "cool_down", 3600);
        Assert.Equal((429, "cooling-down"), QueuedSale.Refusal(await sale.OrderAsync(_user, pass)));
        await Servers.Database.HashSetAsync(sale.Item.Keys.State, "orders_per_user", 1);
        Assert.Equal((409, "orders-used-up"), QueuedSale.Refusal(await sale.OrderAsync(_user, pass)));
    }

    private static async Task<TestItem> OpenAsync(int ordersPerUser = 0, int coolDownSeconds = 0, int units = 10)
    {
        var item = new TestItem();
        var plan = item.Plan(units, limit: 5) with { OrdersPerUser = ordersPerUser, CoolDownSeconds = coolDownSeconds };
        Assert.Equal(WarmOutcome.Created, await TestItem.Ledger.WarmAsync(item.Keys, plan));
        return item;
    }

    private async Task<(int Status, JsonElement Body, TimeSpan? Wait)> OrderAsync(TestItem item, string? key = null, long? user = null)
    {
        using var response = await storefront.OrderAsync(item.Key, user ?? _user, 1, key);
        return ((int)response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement,
            response.Headers.RetryAfter?.Delta);
    }
}
