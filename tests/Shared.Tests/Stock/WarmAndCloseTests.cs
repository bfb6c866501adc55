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
        Assert.True(await TestItem.Ledger.WarmAsync(item.Keys, plan));
        var state = await item.InspectAsync();
        Assert.Equal(
            plan with
            {
                Now = state.Now,
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
        Assert.True(await TestItem.Ledger.CloseAsync(item.Keys));
        Assert.True(await TestItem.Ledger.CloseAsync(item.Keys));
        Assert.Equal(ItemState.Closed, (await item.InspectAsync()).State);
        Assert.False(await item.WarmAsync(units: 5));
        var state = await item.InspectAsync();
        Assert.Equal((ItemState.Open, 4), (state.State, state.Available));
        await item.ReserveOneAsync(_user);
    }

    [Fact]
    public async Task Closing_what_was_never_opened_creates_nothing()
    {
        var item = new TestItem();
        Assert.False(await TestItem.Ledger.CloseAsync(item.Keys));
        Assert.Null(await TestItem.Ledger.InspectAsync(item.Keys));
        Assert.Equal("", await item.DumpAsync());
    }

    [Fact]
    public async Task An_order_that_does_not_exist_has_no_hold() =>
        Assert.Null(await TestItem.Ledger.FindHoldAsync((await TestItem.OpenAsync()).Keys, new string('0', OrderId.Length)));
}
