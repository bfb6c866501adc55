using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>
/// Promise: after a failover to a replica that was behind, an instance that has sold since sells nothing from it: its next batch stops the
/// item, and the buyers get 503. Of two instances that know different things, the messages tell. Mutants: the instance forgets what it has
/// seen, or does not say it; its messages do not say from which stock they come.
/// </summary>
public sealed class StaleStockTests
{
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task The_next_batch_of_an_instance_that_has_sold_since_stops_the_item()
    {
        await using var host = await BatcherHost.StartAsync();
        var (item, other) = (await TestItem.OpenEverywhereAsync(), await TestItem.OpenEverywhereAsync());
        await host.ReserveFirstAsync(item, _user);
        await host.ReserveFirstAsync(other, _user);
        var copy = await item.CopyAsync();
        await host.ReserveFirstAsync(item, _user + 1);
        await SettledAsync(item, orders: 2);
        await item.RestoreAsync(copy);

        Assert.Equal(ReserveOutcome.Unknown, (await host.ReserveAsync(item, _user + 2).InTime()).Outcome);
        var after = await item.InspectAsync();
        Assert.Equal((ItemState.Lost, 99), (after.State, after.Available));
        Assert.Equal(ReserveOutcome.Unknown, (await host.ReserveAsync(item, _user + 3).InTime()).Outcome);
        Assert.Equal(ReserveOutcome.Reserved, (await host.ReserveAsync(other, _user + 1).InTime()).Outcome);
    }

    [Fact]
    public async Task When_another_instance_has_sold_as_much_again_the_messages_of_both_stop_the_item()
    {
        await using var one = await BatcherHost.StartAsync();
        await using var another = await BatcherHost.StartAsync();
        var item = await TestItem.OpenEverywhereAsync();
        await one.ReserveFirstAsync(item, _user);
        var copy = await item.CopyAsync();
        await one.ReserveFirstAsync(item, _user + 1);
        await SettledAsync(item, orders: 2);
        await item.RestoreAsync(copy);
        await another.ReserveFirstAsync(item, _user + 2);
        await Eventually.IsTrueAsync("the item is stopped", async () => (await item.InspectAsync()).State == ItemState.Lost);
        Assert.Equal(ReserveOutcome.Unknown, (await another.ReserveAsync(item, _user + 4).InTime()).Outcome);
    }

    // A worker gives an order its hold back that it does not find, which is a change as well.
    private static Task<TimeSpan> SettledAsync(TestItem item, int orders) => Eventually.IsTrueAsync(
        "the orders are settled", async () => await item.LiveAsync() == orders && (await item.OutboxAsync()).Length == 0);
}
