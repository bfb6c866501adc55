using System.Globalization;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: a script takes a list of any length. Broken by one unpack of a list that grows: Lua refuses about 8,000 values, and from
/// then on each audit fails, or the orders of a long repair stay in the outbox.
/// </summary>
public sealed class LongListTests
{
    private const int Many = 9_000;
    private readonly TestItem _item = new();
    private readonly StockRepair _repair = new(Servers.Redis);
    private readonly StockPages _pages = new(Servers.Redis);

    private string[] Orders => [.. Enumerable.Range(1, Many).Select(i => _item.Number + i.ToString("x24", CultureInfo.InvariantCulture))];

    [Fact]
    public async Task Many_orders_leave_the_outbox_in_one_call()
    {
        await AddToOutboxAsync();
        Assert.Equal(Orders, await TestItem.Ledger.SettleAsync(_item.Keys, Orders));
        Assert.Empty(await _item.OutboxAsync());
    }

    [Fact]
    public async Task Many_entries_are_claimed_in_one_call()
    {
        await AddToOutboxAsync();
        var claimed = await TestItem.Ledger.ClaimAsync(_item.Keys, TimeSpan.Zero, Many, TimeSpan.FromMinutes(5));
        Assert.Equal(Orders, claimed.Select(entry => entry.OrderId).Order(StringComparer.Ordinal));
        Assert.Empty(await TestItem.Ledger.ClaimAsync(_item.Keys, TimeSpan.Zero, Many, TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public async Task Many_holds_are_restored_in_one_call()
    {
        await _item.WarmAsync(units: Many, limit: 2);
        var reservedAt = TimeProvider.System.GetUtcNow().UtcDateTime;
        // The first buyer has two orders, and the second order comes twice.
        var holds = Orders.Select((order, i) => new HoldToRestore(order, Math.Max(i, 1), 1, reservedAt)).ToList();
        holds.Add(holds[1]);
        Assert.Equal(Many, await _repair.RestoreAsync(_item.Keys, holds, await _repair.DeadlineAsync(_item.Keys)));
        Assert.Equal((0, Many), ((await _item.InspectAsync()).Available, (await _item.InspectAsync()).Held));
        await _item.AssertConsistentAsync();
        Assert.Equal(0, await _repair.RestoreAsync(_item.Keys, holds, await _repair.DeadlineAsync(_item.Keys)));
    }

    [Fact]
    public async Task A_buyer_with_many_orders_is_audited_and_repaired()
    {
        await Servers.Database.HashSetAsync(_item.Keys.Holds, [.. Orders.Select(order => new HashEntry(order, "7:1:1000"))]);
        await Servers.Database.HashSetAsync(_item.Keys.Orders, 7, string.Join(' ', Orders));
        await Servers.Database.HashSetAsync(_item.Keys.Buyers, 7, 1);
        Assert.Equal(new BuyerBreak(7, 1, Many), Assert.Single(await BreaksAsync()));
        await _repair.MendBuyerAsync(_item.Keys, 7, [Orders[0]]);
        Assert.Empty(await BreaksAsync());
        Assert.Equal(string.Join(' ', Orders), await Servers.Database.HashGetAsync(_item.Keys.Orders, 7));
    }

    [Fact]
    public async Task A_page_of_buyers_ends_when_it_has_compared_many_holds()
    {
        // 60 buyers with 150 orders each, and one of them counts wrong.
        await Servers.Database.HashSetAsync(
            _item.Keys.Holds, [.. Orders.Select((order, i) => new HashEntry(order, $"{1 + (i / 150)}:1:1000"))]);
        await Servers.Database.HashSetAsync(
            _item.Keys.Orders, [.. Orders.Chunk(150).Select((orders, i) => new HashEntry(1 + i, string.Join(' ', orders)))]);
        await Servers.Database.HashSetAsync(
            _item.Keys.Buyers, [.. Enumerable.Range(1, 60).Select(user => new HashEntry(user, user == 33 ? 151 : 150))]);
        var (pages, breaks) = (0, new List<BuyerBreak>());
        await foreach (var page in _pages.BrokenBuyersAsync(_item.Keys, 500))
        {
            pages++;
            breaks.AddRange(page);
        }

        Assert.InRange(pages, Many / 650, Many / 400);
        Assert.Equal(new BuyerBreak(33, 151, 150), Assert.Single(breaks));
    }

    [Fact]
    public async Task Each_hold_of_a_buyer_with_many_orders_is_known_or_not()
    {
        await Servers.Database.HashSetAsync(_item.Keys.Holds, [.. Orders.Select(order => new HashEntry(order, "7:1:1000"))]);
        await Servers.Database.HashSetAsync(_item.Keys.Orders, 7, string.Join(' ', Orders.Skip(1)));
        await Servers.Database.HashSetAsync(_item.Keys.Buyers, 7, Many);
        var unknown = new List<string>();
        await foreach (var page in _pages.HoldsAsync(_item.Keys, 500))
        {
            unknown.AddRange(page.Where(hold => !hold.BuyerKnows).Select(hold => hold.OrderId));
        }

        Assert.Equal([Orders[0]], unknown.Distinct());
    }

    private Task<long> AddToOutboxAsync() =>
        Servers.Database.SortedSetAddAsync(_item.Keys.Outbox, [.. Orders.Select(order => new SortedSetEntry(order, 1000))]);

    private async Task<List<BuyerBreak>> BreaksAsync()
    {
        var breaks = new List<BuyerBreak>();
        await foreach (var page in _pages.BrokenBuyersAsync(_item.Keys, 500))
        {
            breaks.AddRange(page);
        }

        return breaks;
    }
}
