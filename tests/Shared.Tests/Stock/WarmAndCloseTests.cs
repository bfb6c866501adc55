using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>Opening a sale is repeated after every crash and every second click of an operator. Stock must enter Redis once.</summary>
public sealed class WarmAndCloseTests
{
    private readonly long _user = TestItem.NewId();

    [Fact]
    public async Task A_warm_item_is_what_was_planned()
    {
        var item = new TestItem();
        var plan = item.Plan(units: 7, limit: 2);
        Assert.Equal(WarmOutcome.Created, await TestItem.Ledger.WarmAsync(item.Keys, plan));
        var state = await item.InspectAsync();
        Assert.Equal(
            plan with
            {
                Now = state.Now, Seq = 1,
                OpensAt = DateTimeOffset.FromUnixTimeMilliseconds(plan.OpensAt.ToUnixTimeMilliseconds()),
                ClosesAt = DateTimeOffset.FromUnixTimeMilliseconds(plan.ClosesAt.ToUnixTimeMilliseconds()),
            },
            state);
        Assert.InRange(state.Now, plan.OpensAt, plan.ClosesAt);
    }

    [Fact]
    public async Task Warming_twice_adds_no_stock()
    {
        var item = await TestItem.OpenAsync(units: 5);
        await item.ReserveOneAsync(_user, 2);
        Assert.False(await item.WarmAsync(units: 5));
        var state = await item.InspectAsync();
        Assert.Equal((3, 2, 5), (state.Available, state.Held, state.Allocated));
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task Many_who_warm_at_once_create_one_stock()
    {
        var item = new TestItem();
        var created = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => item.WarmAsync(units: 5)))).InTime();
        Assert.Single(created, first => first);
        Assert.Equal(5, (await item.InspectAsync()).Available);
    }

    [Fact]
    public async Task A_closed_item_opens_again_with_what_it_has()
    {
        var item = await TestItem.OpenAsync(units: 5);
        await item.ReserveOneAsync(_user);
        Assert.Equal(CloseOutcome.Closed, await TestItem.Ledger.CloseAsync(item.Keys, 0));
        Assert.Equal(CloseOutcome.Closed, await TestItem.Ledger.CloseAsync(item.Keys, 0));
        Assert.Equal(ItemState.Closed, (await item.InspectAsync()).State);
        Assert.False(await item.WarmAsync(units: 5));
        var state = await item.InspectAsync();
        Assert.Equal((ItemState.Open, 4), (state.State, state.Available));
        await item.ReserveOneAsync(_user);
    }

    [Fact]
    public async Task Closing_what_was_never_opened_creates_nothing_that_sells()
    {
        var item = new TestItem();
        Assert.Equal(CloseOutcome.NotWarm, await TestItem.Ledger.CloseAsync(item.Keys, 3));
        Assert.Null(await TestItem.Ledger.InspectAsync(item.Keys));
        Assert.Equal(ReserveOutcome.UnknownItem, (await item.ReserveAsync(new Ask(_user, 1)))[0].Outcome);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_opening_that_arrives_after_a_later_closing_changes_nothing(bool wasWarm)
    {
        var item = new TestItem();
        if (wasWarm)
        {
            await item.WarmAsync(units: 5);
        }

        await TestItem.Ledger.CloseAsync(item.Keys, 2);
        Assert.Equal(WarmOutcome.Stale, await TestItem.Ledger.WarmAsync(item.Keys, item.Plan(units: 5) with { StateVersion = 1 }));
        Assert.Equal(wasWarm ? ItemState.Closed : null, (await TestItem.Ledger.InspectAsync(item.Keys))?.State);
    }

    [Fact]
    public async Task A_closing_that_arrives_after_a_later_opening_changes_nothing()
    {
        var item = new TestItem();
        Assert.Equal(WarmOutcome.Created, await TestItem.Ledger.WarmAsync(item.Keys, item.Plan() with { StateVersion = 2 }));
        Assert.Equal(CloseOutcome.Stale, await TestItem.Ledger.CloseAsync(item.Keys, 1));
        Assert.Equal(ItemState.Open, (await item.InspectAsync()).State);
    }

    [Theory]
    [InlineData("price")]
    [InlineData("currency")]
    [InlineData("opens")]
    [InlineData("closes")]
    [InlineData("limit")]
    [InlineData("payment_timeout")]
    [InlineData("number")]
    public async Task An_item_with_other_terms_is_not_opened(string term)
    {
        var item = await TestItem.OpenAsync(units: 5);
        await TestItem.Ledger.CloseAsync(item.Keys, 1);
        var planned = item.Plan(units: 5) with { StateVersion = 2 };
        await Servers.Database.HashSetAsync(item.Keys.State, term, "7");
        Assert.Equal(WarmOutcome.Differs, await TestItem.Ledger.WarmAsync(item.Keys, planned));
        Assert.Equal("closed", (string?)await Servers.Database.HashGetAsync(item.Keys.State, "state"));
    }

    [Fact]
    public async Task An_item_that_was_warm_once_is_not_made_a_second_time()
    {
        var item = new TestItem();
        Assert.Equal(WarmOutcome.Lost, await TestItem.Ledger.WarmAsync(item.Keys, item.Plan(), isNew: false));
        Assert.Null(await TestItem.Ledger.InspectAsync(item.Keys));
        await item.WarmAsync();
        Assert.Equal(WarmOutcome.Existed, await TestItem.Ledger.WarmAsync(item.Keys, item.Plan(), isNew: false));
    }

    [Fact]
    public async Task An_order_that_does_not_exist_has_no_hold() =>
        Assert.Null(await TestItem.Ledger.FindHoldAsync((await TestItem.OpenAsync()).Keys, new string('0', OrderId.Length)));
}
