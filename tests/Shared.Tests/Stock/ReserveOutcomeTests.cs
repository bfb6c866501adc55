using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Every outcome of reserve.lua, on a real Redis, one at a time: what it answers, and that a refusal changes nothing. A wrong
/// answer here is a unit sold twice or a buyer turned away for nothing.
/// </summary>
public sealed class ReserveOutcomeTests
{
    private readonly long _user = TestItem.NewId();

    [Fact]
    public async Task Reserve_holds_the_units_and_puts_the_order_into_the_outbox()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 3);
        var order = await item.ReserveOneAsync(_user, quantity: 3);
        Assert.StartsWith(item.Number, order, StringComparison.Ordinal);
        var (hold, inOutbox) = Assert.NotNull(await TestItem.Ledger.FindHoldAsync(item.Keys, order));
        Assert.Equal((_user, 3, true), (hold.UserId, hold.Units, inOutbox));
        var state = await item.InspectAsync();
        Assert.Equal((7, 3, 10, 1L), (state.Available, state.Held, state.Allocated, state.OutboxDepth));
        Assert.InRange(hold.ReservedAt, state.Now.AddMinutes(-1), state.Now);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task Reserve_gives_the_same_order_for_the_same_key()
    {
        var item = await TestItem.OpenAsync();
        var order = await item.ReserveOneAsync(_user, 2, "key-1");
        var reservedAt = (await TestItem.Ledger.FindHoldAsync(item.Keys, order))!.Value.Hold.ReservedAt;
        await RefusesAsync(item, new Ask(_user, 2, "key-1"), ReserveOutcome.Replayed,
            order, "2", reservedAt.ToUnixTimeMilliseconds().ToString(provider: null));
    }

    [Fact]
    public async Task A_key_belongs_to_its_user()
    {
        var item = await TestItem.OpenAsync();
        Assert.NotEqual(await item.ReserveOneAsync(_user, 1, "key-1"), await item.ReserveOneAsync(_user + 1, 1, "key-1"));
    }

    [Fact]
    public async Task Users_and_keys_do_not_run_into_each_other()
    {
        var item = await TestItem.OpenAsync();
        Assert.NotEqual(await item.ReserveOneAsync(1, 1, "2"), await item.ReserveOneAsync(12, 1, "2"));
    }

    [Fact]
    public async Task A_key_belongs_to_its_item()
    {
        var (one, two) = (await TestItem.OpenAsync(), await TestItem.OpenAsync());
        Assert.NotEqual(await one.ReserveOneAsync(_user, 1, "key-1"), await two.ReserveOneAsync(_user, 1, "key-1"));
    }

    [Fact]
    public async Task Reserve_refuses_a_key_that_came_with_another_quantity()
    {
        var item = await TestItem.OpenAsync();
        await item.ReserveOneAsync(_user, 1, "key-1");
        await RefusesAsync(item, new Ask(_user, 2, "key-1"), ReserveOutcome.KeyReused);
    }

    [Fact]
    public async Task Reserve_refuses_before_the_window() =>
        await RefusesAsync(
            await TestItem.OpenAsync(opensIn: TimeSpan.FromHours(1), closesIn: TimeSpan.FromHours(2)),
            new Ask(_user),
            ReserveOutcome.NotOpen);

    [Fact]
    public async Task Reserve_refuses_after_the_window() =>
        await RefusesAsync(
            await TestItem.OpenAsync(opensIn: TimeSpan.FromHours(-2), closesIn: TimeSpan.FromHours(-1)),
            new Ask(_user),
            ReserveOutcome.Closed);

    [Fact]
    public async Task Reserve_begins_when_Redis_says_that_the_window_does()
    {
        var item = await TestItem.OpenAsync(opensIn: TimeSpan.FromSeconds(1));
        Assert.Equal(ReserveOutcome.NotOpen, Assert.Single(await item.ReserveAsync(new Ask(_user))).Outcome);
        await Eventually.IsTrueAsync(
            "the sale opens", async () => Assert.Single(await item.ReserveAsync(new Ask(_user))).Outcome == ReserveOutcome.Reserved);
        var state = await item.InspectAsync();
        Assert.True(state.Now >= state.OpensAt);
    }

    [Fact]
    public async Task Reserve_refuses_when_the_sale_was_closed_by_hand()
    {
        var item = await TestItem.OpenAsync();
        Assert.Equal(CloseOutcome.Closed, await TestItem.Ledger.CloseAsync(item.Keys, 0));
        await RefusesAsync(item, new Ask(_user), ReserveOutcome.Closed);
    }

    [Fact]
    public async Task Reserve_refuses_over_the_limit_and_names_the_orders_oldest_first()
    {
        var item = await TestItem.OpenAsync(limit: 3);
        var first = await item.ReserveOneAsync(_user);
        var second = await item.ReserveOneAsync(_user, 2);
        await RefusesAsync(item, new Ask(_user), ReserveOutcome.LimitReached, first, second);
    }

    [Fact]
    public async Task Reserve_refuses_more_than_the_limit_at_once_and_has_no_order_to_name() =>
        await RefusesAsync(await TestItem.OpenAsync(limit: 3), new Ask(_user, 4), ReserveOutcome.LimitReached);

    [Fact]
    public async Task Reserve_refuses_a_quantity_beyond_all_integers_of_the_script() =>
        await RefusesAsync(await TestItem.OpenAsync(limit: int.MaxValue, units: 5), new Ask(_user, int.MaxValue), ReserveOutcome.SoldOut);

    [Fact]
    public async Task Reserve_refuses_when_the_last_unit_is_gone()
    {
        var item = await TestItem.OpenAsync(units: 1);
        await item.ReserveOneAsync(_user);
        await RefusesAsync(item, new Ask(_user + 1), ReserveOutcome.SoldOut);
    }

    [Fact]
    public async Task Reserve_refuses_more_units_than_are_left_and_still_sells_those()
    {
        var item = await TestItem.OpenAsync(units: 1);
        await RefusesAsync(item, new Ask(_user, 2), ReserveOutcome.SoldOut);
        await item.ReserveOneAsync(_user);
    }

    [Fact]
    public async Task Reserve_refuses_when_the_outbox_is_full()
    {
        var item = await TestItem.OpenAsync();
        var answers = await item.ReserveWithBoundAsync(outboxBound: 2, new(_user), new(_user + 1), new(_user + 2));
        Assert.Equal(
            [ReserveOutcome.Reserved, ReserveOutcome.Reserved, ReserveOutcome.OutboxFull], answers.Select(answer => answer.Outcome));
        await TestItem.Ledger.SettleAsync(item.Keys, [answers[0].OrderId]);
        Assert.Equal(ReserveOutcome.Reserved, Assert.Single(await item.ReserveWithBoundAsync(outboxBound: 2, new Ask(_user + 3))).Outcome);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task An_item_that_was_never_opened_is_unknown_and_stays_so()
    {
        var item = new TestItem();
        var answers = await item.ReserveAsync(new Ask(_user), new Ask(_user + 1));
        Assert.All(answers, answer => Assert.Equal(ReserveOutcome.UnknownItem, answer.Outcome));
        Assert.Equal("", await item.DumpAsync());
    }

    private static async Task RefusesAsync(TestItem item, Ask ask, ReserveOutcome outcome, params string[] detail)
    {
        var before = await item.DumpAsync();
        var answer = Assert.Single(await item.ReserveAsync(ask));
        Assert.Equal(outcome, answer.Outcome);
        Assert.Equal(detail, answer.Detail);
        Assert.Equal(before, await item.DumpAsync());
    }
}
