using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: every holder of units is in the log, or the log begins again; and no call reads more than a page. Broken by a reservation
/// without the log: its buyer, who clicks again, gets "sold out" instead of the order; or by one call for two million buyers, for which all
/// other calls wait. Mutants: a log that does not begin again; a page without an end.
/// </summary>
public sealed class BuyerLogTests
{
    private readonly BuyerLog _log = new(Servers.Redis);
    private readonly StockRepair _repair = new(Servers.Redis);

    [Fact]
    public async Task A_buyer_is_logged_at_the_first_unit_and_again_after_the_last_one_came_back()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 3);
        await item.ReserveAsync(new(8), new(7), new(8), new(9, 4));
        Assert.Equal([8, 7], await UsersAsync(item));
        var order = await item.ReserveOneAsync(6);
        await item.ReserveOneAsync(7);
        await TestItem.Ledger.ReleaseAsync(item.Keys, [order]);
        await item.ReserveOneAsync(6);
        Assert.Equal([8, 7, 6, 6], await UsersAsync(item));
        Assert.Equal([7, 6], (await _log.ReadAsync(item.Keys, 1))!.Users.Take(2));
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task Each_call_reads_a_page_however_many_buyers_there_are()
    {
        const int Many = 9_000;
        var item = await TestItem.OpenAsync(units: Many);
        var users = Enumerable.Range(1, Many).Select(user => (long)user).ToArray();
        await Servers.Database.ListRightPushAsync(item.Keys.Log, [.. users.Select(user => (RedisValue)user)]);
        await Servers.Database.HashSetAsync(item.Keys.Buyers, [.. users.Select(user => new HashEntry(user, 1))]);
        await Servers.Database.HashSetAsync(item.Keys.State, [new("held", Many), new("available", 0), new("logged", Many)]);
        var read = new List<long>();
        while (await _log.ReadAsync(item.Keys, read.Count) is { Users.Count: > 0 } page)
        {
            Assert.Equal((0, Many, Many), (page.BeganAt, page.Size, page.Buyers));
            Assert.InRange(page.Users.Count, 1, BuyerLog.PageSize);
            read.AddRange(page.Users);
        }

        Assert.Equal(users, read);
        var scanned = new List<long>();
        string? next = "0";
        while (next is { } cursor)
        {
            (next, var buyers) = await _log.ScanAsync(item.Keys, cursor);
            Assert.InRange(buyers.Count, 0, BuyerLog.PageSize);
            scanned.AddRange(buyers);
        }

        Assert.Equal(users, scanned.Distinct().Order());
    }

    [Theory]
    [InlineData("an older version reserves")]
    [InlineData("an older version reserved, and it came back")]
    [InlineData("a hold is restored")]
    [InlineData("a hold is restored and the counters corrected")]
    [InlineData("a rebuild finds as many units as there were")]
    public async Task A_log_that_misses_a_buyer_begins_again(string how)
    {
        foreach (var noticedByReserve in new[] { false, true })
        {
            var item = await TestItem.OpenAsync(units: 10, limit: 3);
            var order = await item.ReserveOneAsync(7);
            await BreakAsync(item, order, how);
            if (noticedByReserve)
            {
                await item.ReserveOneAsync(9);
            }

            var page = (await _log.ReadAsync(item.Keys, 0))!;
            Assert.Equal(noticedByReserve ? 1 : 0, page.Size);
            Assert.NotEqual(0, page.BeganAt);
            await item.ReserveOneAsync(10);
            var next = (await _log.ReadAsync(item.Keys, 0))!;
            Assert.Equal(page.BeganAt, next.BeganAt);
            Assert.Equal(noticedByReserve ? new long[] { 9, 10 } : [10], next.Users);
        }
    }

    private async Task BreakAsync(TestItem item, string order, string how)
    {
        var lost = new HoldToRestore(order[..^1] + (order[^1] == '0' ? '1' : '0'), 8, 1, TimeProvider.System.GetUtcNow().UtcDateTime);
        if (how.StartsWith("an older version", StringComparison.Ordinal))
        {
            await Servers.Database.HashIncrementAsync(
                item.Keys.State, how.EndsWith("back", StringComparison.Ordinal) ? "released" : "held", 1);
        }
        else if (how.StartsWith("a rebuild", StringComparison.Ordinal))
        {
            // Of an older copy: the order of 7 was cancelled since, and 8 bought the unit.
            await TestItem.Ledger.SettleAsync(item.Keys, [order]);
            await _repair.FenceAsync(item.Keys, item.Plan(units: 10, limit: 3), "token");
            await Servers.Database.SortedSetRemoveAsync(item.Keys.Outbox, order);
            Assert.Equal(ResetOutcome.Done, await _repair.ResetAsync(item.Keys, item.Plan(units: 10, limit: 3), "token"));
            await _repair.RestoreAsync(item.Keys, [lost], await _repair.DeadlineAsync(item.Keys));
            Assert.Null(await _log.ReadAsync(item.Keys, 0));
            Assert.True(await _repair.ReopenAsync(item.Keys, "token", 2, ItemState.Open));
        }
        else
        {
            await _repair.RestoreAsync(item.Keys, [lost], await _repair.DeadlineAsync(item.Keys));
            if (how.EndsWith("corrected", StringComparison.Ordinal))
            {
                Assert.True(await _repair.CorrectAsync(item.Keys, repairs: 1, allocated: 0, available: 1, held: -1));
            }
        }
    }

    private async Task<IReadOnlyList<long>> UsersAsync(TestItem item) => (await _log.ReadAsync(item.Keys, 0))!.Users;
}
