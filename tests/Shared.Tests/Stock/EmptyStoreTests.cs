

using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: in a Redis that was emptied a moment ago, a call that was on its way makes nothing of an item but what says that it is lost.
/// Broken by half an item: it looks as if it were there, is never rebuilt, and sells nothing.
/// </summary>
public sealed class EmptyStoreTests
{
    [Fact]
    public async Task What_comes_late_leaves_an_empty_store_empty()
    {
        var (item, ledger, repair) = (new TestItem(), TestItem.Ledger, new StockRepair(Servers.Redis));
        var (plan, order) = (item.Plan(), item.Number + new string('a', OrderId.SuffixLength));
        Assert.False(await repair.CorrectAsync(item.Keys, 0, 1, 1, 1));
        Assert.Equal(-1, await repair.RestoreAsync(
            item.Keys, [new HoldToRestore(order, 7, 1, TimeProvider.System.GetUtcNow().UtcDateTime)],
            await repair.DeadlineAsync(item.Keys)));
        Assert.Equal(AdjustOutcome.NotWarm, await ledger.AdjustAsync(item.Keys, "change", 5));
        Assert.Equal(ResetOutcome.Superseded, await repair.ResetAsync(item.Keys, plan, "token"));
        Assert.False(await repair.ReopenAsync(item.Keys, "token", 2, ItemState.Open));
        await repair.RestoreReturnsAsync(item.Keys, "token", [new ClosedOrder(order, 7, TimeProvider.System.GetUtcNow().UtcDateTime)]);
        await repair.RequeueAsync(item.Keys, [order]);
        await repair.MendBuyerAsync(item.Keys, 7, [order]);
        await ledger.SettleAsync(item.Keys, [order]);
        Assert.Equal(0, await ledger.ReleaseAsync(item.Keys, [order]));
        await ledger.ClaimAsync(item.Keys, TimeSpan.Zero, 10, TimeSpan.FromSeconds(1));
        await item.ReserveAsync(new Ask(7, 1));
        Assert.Null(await new BuyerLog(Servers.Redis).ReadAsync(item.Keys, 0));
        StackExchange.Redis.RedisKey[] keys =
        [
            item.Keys.State, item.Keys.Buyers, item.Keys.Holds, item.Keys.Outbox, item.Keys.Orders, item.Keys.Keys, item.Keys.Changes,
            item.Keys.Withdrawals, item.Keys.Log, item.Keys.Returned,
        ];
        Assert.All(keys, key => Assert.False(Servers.Database.KeyExists(key), key.ToString()));
        // Only a closing leaves something: its version, which makes no item.
        await ledger.CloseAsync(item.Keys, 1);
        Assert.Null(await ledger.InspectAsync(item.Keys));
        Assert.All(keys[1..], key => Assert.False(Servers.Database.KeyExists(key), key.ToString()));
    }
}
