using Seckill.Shared.Stock;
using static Seckill.Shared.Stock.ReserveOutcome;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: nobody makes more orders of an item than its sale allows, given back or not, in one call or in several; a retry by its key is
/// never refused for it. Broken by a count of live orders alone, by a count of units, or by a release that counts twice or not at all.
/// </summary>
public sealed class OrdersEverMadeTests
{
    private readonly long _user = TestItem.NewId();

    [Fact]
    public async Task An_order_that_was_given_back_counts()
    {
        var item = await OpenAsync(ordersPerUser: 2);
        await ReleaseAsync(item, await item.ReserveOneAsync(_user));
        var second = await item.ReserveOneAsync(_user);
        Assert.Equal([second], await RefusedAsync(item, OrdersUsedUp));
        await ReleaseAsync(item, second);
        Assert.Empty(await RefusedAsync(item, OrdersUsedUp));
        // The cap is of each buyer, and of orders, not of units.
        await item.ReserveOneAsync(_user + 1, 5);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task Live_orders_count_also_those_of_the_same_call()
    {
        var item = await OpenAsync(ordersPerUser: 3);
        var first = await item.ReserveOneAsync(_user);
        var answers = await item.ReserveAsync(
            new Ask(_user), new Ask(_user + 1), new Ask(_user), new Ask(_user), new Ask(_user), new Ask(_user + 1));
        Assert.Equal([Reserved, Reserved, Reserved, OrdersUsedUp, OrdersUsedUp, Reserved], answers.Select(answer => answer.Outcome));
        Assert.Equal([first, answers[0].OrderId, answers[2].OrderId], answers[4].Detail);
    }

    [Fact]
    public async Task Orders_that_come_back_in_one_call_are_counted_one_by_one()
    {
        var item = await OpenAsync(ordersPerUser: 4);
        string[] orders = [await item.ReserveOneAsync(_user), await item.ReserveOneAsync(_user, 2), await item.ReserveOneAsync(_user + 1)];
        await TestItem.Ledger.ReleaseAsync(item.Keys, [.. orders, orders[0]]);
        Assert.Equal((2, 1), (await CountAsync(item, _user), await CountAsync(item, _user + 1)));
        await item.ReserveOneAsync(_user);
        await item.ReserveOneAsync(_user);
        await RefusedAsync(item, OrdersUsedUp);
    }

    [Fact]
    public async Task A_release_that_is_repeated_counts_once()
    {
        var item = await OpenAsync(ordersPerUser: 2);
        var order = await item.ReserveOneAsync(_user);
        await ReleaseAsync(item, order);
        await ReleaseAsync(item, order);
        Assert.Equal(1, await CountAsync(item, _user));
        await item.ReserveOneAsync(_user);
    }

    [Fact]
    public async Task An_order_that_was_rejected_does_not_count()
    {
        var item = await OpenAsync(ordersPerUser: 1, coolDownSeconds: 3600);
        var order = await item.ReserveOneAsync(_user);
        await TestItem.Ledger.ReleaseAsync(item.Keys, [order], count: false);
        await item.ReserveOneAsync(_user);
    }

    [Fact]
    public async Task A_retry_by_its_key_gets_its_order_when_all_are_used_up()
    {
        var item = await OpenAsync(ordersPerUser: 1, coolDownSeconds: 3600);
        var order = await item.ReserveOneAsync(_user, 1, "click");
        await ReleaseAsync(item, order);
        var retry = Assert.Single(await item.ReserveAsync(new Ask(_user, 1, "click")));
        Assert.Equal((Replayed, order), (retry.Outcome, retry.Detail[0]));
        Assert.Equal(KeyReused, Assert.Single(await item.ReserveAsync(new Ask(_user, 2, "click"))).Outcome);
    }

    [Fact]
    public async Task A_rebuild_leaves_an_order_that_has_its_hold_to_the_release()
    {
        var (item, repair) = (await OpenAsync(ordersPerUser: 3), new StockRepair(Servers.Redis));
        var (live, gone) = (await item.ReserveOneAsync(_user), OrderId.Join(item.Number, "0123456789abcdef01234567"u8));
        await Servers.Database.HashSetAsync(item.Keys.State, "rebuild", "token");
        var closedAt = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        await repair.RestoreReturnsAsync(
            item.Keys, "token", [new ClosedOrder(gone, _user, closedAt), new ClosedOrder(live, _user, closedAt)]);
        Assert.Equal(1, await CountAsync(item, _user));
        await ReleaseAsync(item, live);
        Assert.Equal(2, await CountAsync(item, _user));
    }

    [Fact]
    public async Task A_cap_that_comes_in_mid_sale_counts_what_was_before_and_one_that_goes_lets_in()
    {
        var item = await TestItem.OpenAsync(limit: 5);
        await ReleaseAsync(item, await item.ReserveOneAsync(_user));
        await item.ReserveOneAsync(_user);
        await EditAsync(2);
        await RefusedAsync(item, OrdersUsedUp);
        await EditAsync(3);
        await item.ReserveOneAsync(_user);
        await RefusedAsync(item, OrdersUsedUp);
        await EditAsync(0);
        await item.ReserveOneAsync(_user);

        async Task EditAsync(int ordersPerUser) => Assert.Equal(EditOutcome.Edited, await TestItem.Ledger.EditAsync(
            item.Keys, item.Plan(limit: 5) with { OrdersPerUser = ordersPerUser }, ItemState.Open));
    }

    [Fact]
    public async Task An_item_without_the_terms_is_sold_without_a_look_at_what_came_back()
    {
        var item = await TestItem.OpenAsync();
        await Servers.Database.StringSetAsync(item.Keys.Returned, "to read it as a hash is an error");
        await item.ReserveOneAsync(_user);
    }

    [Fact]
    public async Task The_limit_comes_before_the_cap_and_the_cap_before_the_cool_down()
    {
        var item = await OpenAsync(ordersPerUser: 2, coolDownSeconds: 3600, limit: 1);
        await item.ReserveOneAsync(_user);
        await Servers.Database.HashSetAsync(item.Keys.Returned, _user, "1 1");
        await RefusedAsync(item, LimitReached);
        await ReleaseAsync(item, await item.ReserveOneAsync(_user + 1));
        await CountsAsync(item, _user + 1, 2);
        Assert.Equal(OrdersUsedUp, Assert.Single(await item.ReserveAsync(new Ask(_user + 1))).Outcome);
        await CountsAsync(item, _user + 1, 1);
        Assert.Equal(CoolingDown, Assert.Single(await item.ReserveAsync(new Ask(_user + 1))).Outcome);
    }

    [Fact]
    public async Task Cap_and_cool_down_come_before_a_used_pass_and_before_sold_out()
    {
        var item = await OpenAsync(ordersPerUser: 2, coolDownSeconds: 3600, units: 1);
        await ReleaseAsync(item, await item.ReserveOneAsync(_user));
        await item.ReserveOneAsync(_user + 1);
        Assert.Equal(CoolingDown, await OutcomeAsync());
        await CountsAsync(item, _user, 2);
        Assert.Equal(OrdersUsedUp, await OutcomeAsync());
        await Servers.Database.KeyDeleteAsync(item.Keys.Returned);
        Assert.Equal(PassUsed, await OutcomeAsync());

        // The turn is over.
        async Task<ReserveOutcome> OutcomeAsync() =>
            Assert.Single(await item.ReserveAsync(new Ask(_user, 1, null, BuyerTurn.Over))).Outcome;
    }

    internal static async Task<TestItem> OpenAsync(int ordersPerUser = 0, int coolDownSeconds = 0, int units = 100, int limit = 5)
    {
        var item = new TestItem();
        var plan = item.Plan(units, limit) with { OrdersPerUser = ordersPerUser, CoolDownSeconds = coolDownSeconds };
        Assert.Equal(WarmOutcome.Created, await TestItem.Ledger.WarmAsync(item.Keys, plan));
        // Opened again: the terms are the same.
        Assert.Equal(WarmOutcome.Existed, await TestItem.Ledger.WarmAsync(item.Keys, plan));
        Assert.Equal(
            WarmOutcome.Differs, await TestItem.Ledger.WarmAsync(item.Keys, plan with { CoolDownSeconds = coolDownSeconds + 1 }));
        return item;
    }

    private static Task<int> ReleaseAsync(TestItem item, string order) => TestItem.Ledger.ReleaseAsync(item.Keys, [order]);

    private static async Task<int> CountAsync(TestItem item, long user) =>
        int.Parse(((string?)await Servers.Database.HashGetAsync(item.Keys.Returned, user) ?? "0 0").Split(' ')[0], provider: null);

    private static async Task CountsAsync(TestItem item, long user, int orders)
    {
        var newest = ((string)(await Servers.Database.HashGetAsync(item.Keys.Returned, user))!).Split(' ')[1];
        await Servers.Database.HashSetAsync(item.Keys.Returned, user, $"{orders} {newest}");
    }

    private async Task<string[]> RefusedAsync(TestItem item, ReserveOutcome outcome)
    {
        var answer = Assert.Single(await item.ReserveAsync(new Ask(_user)));
        Assert.Equal(outcome, answer.Outcome);
        return answer.Detail;
    }
}
