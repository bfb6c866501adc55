using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.OrderService.Orders;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: when Redis has lost writes of an item and sells on, the second batch with the number of a lost one stops the item and no
/// other, and nothing else does: no copy of a message, no part of a batch, nothing from before a rebuild. Mutants: each repeated number
/// counts as a loss; the time of the change is not compared; the epoch is not compared; the worker does not stop the item.
/// </summary>
public sealed class LostWritesTests
{
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task A_second_batch_with_the_number_of_a_lost_one_stops_its_item()
    {
        var (item, lost) = await SellAndLoseAsync();
        var other = await TestItem.OpenEverywhereAsync();
        var second = await ReserveAsync(item, 3);
        Assert.Equal(lost.Version, second.Version);

        await ConsumeAsync(item, second);
        Assert.Equal((ItemState.Open, false), (await StateAsync(item), await IsLostAsync(item)));
        await ConsumeAsync(item, lost);
        Assert.Equal((ItemState.Lost, true), (await StateAsync(item), await IsLostAsync(item)));
        Assert.Equal((ItemState.Open, false), (await StateAsync(other), await IsLostAsync(other)));
        // Both are placed: whoever was promised a unit has a row, and PostgreSQL decides whether there is room.
        Assert.Equal(3, (await item.RowsAsync()).Count);
    }

    [Fact]
    public async Task Copies_and_parts_of_a_batch_stop_nothing()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var answers = await item.ReserveAsync(new Ask(_user), new Ask(_user + 1), new Ask(_user + 2));
        ReservedOrder[] orders = [.. answers.Select((answer, i) => answer.OrderOf(_user + i))];
        await ConsumeAsync(item, orders[0]);
        await ConsumeAsync(item, orders[1..]);
        await ConsumeAsync(item, orders);
        await ConsumeAsync(item, [.. orders, await ReserveAsync(item, 4)]);
        Assert.Equal((ItemState.Open, false), (await StateAsync(item), await IsLostAsync(item)));
    }

    [Fact]
    public async Task What_comes_from_before_a_rebuild_or_from_an_older_version_stops_nothing()
    {
        var (item, lost) = await SellAndLoseAsync();
        var second = await ReserveAsync(item, 3);
        await ConsumeAsync(item, second);
        await ConsumeAsync(item, lost with { Version = default });
        await SetAsync(item, "epoch = 2");
        await ConsumeAsync(item, lost);
        Assert.Equal((ItemState.Open, false), (await StateAsync(item), await IsLostAsync(item)));
    }

    /// <summary>The item was rebuilt between the worker's two calls: what is stopped then is not what lost something.</summary>
    [Fact]
    public async Task A_worker_that_comes_after_the_rebuild_does_not_stop_the_item()
    {
        var item = await TestItem.OpenEverywhereAsync();
        Assert.Equal(FenceOutcome.Superseded, await TestItem.Ledger.FenceAsync(item.Keys, epoch: 2));
        Assert.Equal(ItemState.Open, await StateAsync(item));
        await item.LoseAsync();
        Assert.Equal(FenceOutcome.Superseded, await TestItem.Ledger.FenceAsync(item.Keys, epoch: 1));
        Assert.Null(await TestItem.Ledger.InspectAsync(item.Keys));
    }

    /// <summary>An item of which Redis has forgotten the last order.</summary>
    private async Task<(TestItem Item, ReservedOrder Lost)> SellAndLoseAsync()
    {
        var item = await TestItem.OpenEverywhereAsync();
        await ConsumeAsync(item, await ReserveAsync(item, 1));
        var copy = await item.CopyAsync();
        var lost = await ReserveAsync(item, 2);
        await item.RestoreAsync(copy);
        return (item, lost with { ReservedAt = lost.ReservedAt.AddMilliseconds(-1) });
    }

    private async Task<ReservedOrder> ReserveAsync(TestItem item, int user) =>
        Assert.Single(await item.ReserveAsync(new Ask(_user + user))).OrderOf(_user + user);

    private static Task ConsumeAsync(TestItem item, params ReservedOrder[] orders) =>
        Delivery.Consumer().Consume(Delivery.Of(new(item.Key.SaleId, item.Key.SkuId, TestItem.Price, "EUR", orders)));

    private static async Task<ItemState> StateAsync(TestItem item) => (await item.InspectAsync()).State;

    private static async Task<bool> IsLostAsync(TestItem item)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<bool>(
            "select lost_at is not null from sale_items where sale_id = @SaleId", new { item.Key.SaleId });
    }

    private static async Task SetAsync(TestItem item, string what)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync($"update sale_items set {what} where sale_id = @SaleId", new { item.Key.SaleId });
    }
}
