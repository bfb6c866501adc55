using Seckill.Shared.Stock;
using StackExchange.Redis;
using static Seckill.Shared.Stock.ReserveOutcome;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: the turn that a pass stands for admits one order of an item, whichever instance asks, in one call or in several, cancelled or
/// not; and a retry by its key is never refused for it. Broken by a count of live orders, or by a mark outside of the script.
/// </summary>
public sealed class TurnTests
{
    private readonly long _user = TestItem.NewId();

    [Fact]
    public async Task A_turn_admits_one_order_and_a_retry_by_its_key_is_the_same()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 5);
        var turn = await NowAsync(item);
        var first = Assert.Single(await item.ReserveAsync(new Ask(_user, 1, "click", turn)));
        Assert.Equal(Reserved, first.Outcome);
        var again = await item.ReserveAsync(
            new Ask(_user, 1, "click", turn), new Ask(_user, 1, "another", turn), new Ask(_user, 1, null, turn));
        Assert.Equal([Replayed, PassUsed, PassUsed], again.Select(answer => answer.Outcome));
        Assert.Equal(first.OrderId, again[0].Detail[0]);
        Assert.Equal([first.OrderId], again[1].Detail);
        await item.AssertConsistentAsync();
        Assert.Equal(1, (await item.InspectAsync()).Held);
    }

    [Fact]
    public async Task Of_several_orders_for_a_turn_in_one_call_the_first_is_made()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 5);
        var turn = await NowAsync(item);
        var answers = await item.ReserveAsync(
            new Ask(_user, 1, null, turn), new Ask(_user + 1, 1, null, turn), new Ask(_user, 1, null, turn), new Ask(_user, 1, "k", turn));
        Assert.Equal([Reserved, Reserved, PassUsed, PassUsed], answers.Select(answer => answer.Outcome));
        Assert.Equal([answers[0].OrderId], answers[3].Detail);
    }

    [Fact]
    public async Task A_cancelled_order_does_not_give_its_turn_back_and_a_later_turn_admits_again()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 5);
        var turn = await NowAsync(item);
        var order = Assert.Single(await item.ReserveAsync(new Ask(_user, 1, null, turn)));
        await TestItem.Ledger.ReleaseAsync(item.Keys, [order.OrderId]);
        Assert.Equal((PassUsed, 0), await AskAsync(item, turn));
        Assert.Equal((Reserved, 0), await AskAsync(item, await NowAsync(item) + 1));
    }

    [Fact]
    public async Task A_turn_that_is_over_gives_back_its_order_and_makes_none()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 5);
        Assert.Equal(PassUsed, Assert.Single(await item.ReserveAsync(new Ask(_user, 1, "click", BuyerTurn.Over))).Outcome);
        Assert.Equal(0, (await item.InspectAsync()).Held);
        await item.ReserveAsync(new Ask(_user, 1, "click", await NowAsync(item)));
        Assert.Equal(Replayed, Assert.Single(await item.ReserveAsync(new Ask(_user, 1, "click", BuyerTurn.Over))).Outcome);
    }

    [Fact]
    public async Task An_order_that_needed_no_pass_uses_the_turn_all_the_same()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 5);
        var turn = await NowAsync(item);
        Assert.Equal((Reserved, 0), await AskAsync(item, BuyerTurn.NotNeeded));
        Assert.Equal((Reserved, 0), await AskAsync(item, BuyerTurn.NotNeeded));
        Assert.Equal((PassUsed, 2), await AskAsync(item, turn));
        Assert.Equal((PassUsed, 2), await AskAsync(item, BuyerTurn.Unknown));
    }

    [Fact]
    public async Task The_limit_is_told_before_the_turn_and_the_turn_before_the_stock()
    {
        var item = await TestItem.OpenAsync(units: 2, limit: 2);
        var turn = await NowAsync(item);
        Assert.Equal(Reserved, Assert.Single(await item.ReserveAsync(new Ask(_user, 1, null, turn))).Outcome);
        Assert.Equal((LimitReached, 1), await AskAsync(item, turn, units: 2));
        await item.ReserveOneAsync(_user + 1);
        Assert.Equal((PassUsed, 1), await AskAsync(item, turn));
    }

    /// <summary>The clock of the item's server is behind that of the room's: the order would be older than the turn.</summary>
    [Fact]
    public async Task A_clock_that_is_behind_admits_nobody_twice()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 5);
        var turn = await NowAsync(item) + 60_000;
        Assert.Equal((Reserved, 0), await AskAsync(item, turn));
        Assert.Equal((PassUsed, 1), await AskAsync(item, turn));
    }

    [Fact]
    public async Task A_sale_without_a_room_keeps_nothing_of_turns()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 5);
        await item.ReserveOneAsync(_user, 1, "click");
        Assert.Equal([$"{_user} click"], (await Servers.Database.HashKeysAsync(item.Keys.Keys)).Select(field => (string?)field));
        await item.ReserveAsync(new Ask(_user, 1, "turn", BuyerTurn.NotNeeded));
        Assert.Equal(3, await Servers.Database.HashLengthAsync(item.Keys.Keys));
    }

    [Fact]
    public async Task A_restored_time_is_the_newest_of_the_buyer()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 5);
        var turn = await NowAsync(item);
        await RestoreAsync(item, turn + 50, turn - 9_000);
        await RestoreAsync(item, turn - 5_000);
        Assert.Equal((PassUsed, 0), await AskAsync(item, turn + 50));
        Assert.Equal((Reserved, 0), await AskAsync(item, turn + 51));
    }

    // The message of an order may come again when its sale is archived.
    [Fact]
    public async Task Nothing_is_restored_for_an_item_that_is_not_in_Redis()
    {
        var item = new ItemKeys(new ItemKey(TestItem.NewId(), TestItem.NewId()));
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        await new StockRepair(Servers.Redis).RestoreKeysAsync(item, [new HoldToRestore("order", _user, 1, now, "click", HasRoom: true)]);
        Assert.False(await Servers.Database.KeyExistsAsync(item.Keys));
        Assert.False(await Servers.Database.KeyExistsAsync(item.State));
    }

    private static async Task<long> NowAsync(TestItem item) => (await item.InspectAsync()).Now.ToUnixTimeMilliseconds();

    private Task RestoreAsync(TestItem item, params long[] times) => new StockRepair(Servers.Redis).RestoreKeysAsync(item.Keys,
    [
        .. times.Select(time => new HoldToRestore(
            "", _user, 1, DateTimeOffset.FromUnixTimeMilliseconds(time).UtcDateTime, HasRoom: true)),
    ]);

    private async Task<(ReserveOutcome Outcome, int Orders)> AskAsync(TestItem item, long turn, int units = 1)
    {
        var answer = Assert.Single(await item.ReserveAsync(new Ask(_user, units, null, turn)));
        return (answer.Outcome, answer.Detail.Length);
    }
}
