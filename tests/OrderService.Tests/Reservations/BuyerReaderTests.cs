using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>
/// Promise: a sell-out costs Redis one reading of the buyers for each instance, in pages, and a restock only its own buyers; and a
/// buyer gets the id of the order, whichever instance and version sold it. Broken by reading all buyers at once or again: with two million
/// of them all other requests wait. Mutants: the position is forgotten; another log is read on where the last one ended.
/// </summary>
public sealed class BuyerReaderTests
{
    private const int Many = 20_000;
    private readonly FakeTimeProvider _clock = new();
    private readonly SoldOutGate _gate;

    public BuyerReaderTests() => _gate = new SoldOutGate(TimeSpan.FromMilliseconds(250), _clock);

    [Fact]
    public async Task After_a_restock_only_its_own_buyers_are_read()
    {
        var item = await SoldOutAsync(logged: Many);
        await using var relay = new FreezableRelay(Servers.RedisConnection);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(relay.Address);
        var reader = Reader(item, redis);
        var before = relay.Received;
        await ReadAsync(reader);
        AssertKnows(Many);
        var first = relay.Received - before;

        for (var restock = 1; restock <= 3; restock++)
        {
            // Sold by another instance.
            _gate.Open();
            await TestItem.Ledger.AdjustAsync(item.Keys, $"restock {restock}", 1);
            await item.ReserveOneAsync(Many + restock);
            before = relay.Received;
            await ReadAsync(reader);
            Assert.InRange(relay.Received - before, 1, first / 20);
            AssertKnows(Many + restock);
        }
    }

    [Fact]
    public async Task A_restock_that_was_not_announced_is_noticed_at_the_next_sold_out_answer()
    {
        var item = await SoldOutAsync(logged: 10);
        var reader = Reader(item, Servers.Redis);
        await ReadAsync(reader);
        await TestItem.Ledger.AdjustAsync(item.Keys, "restock", 1);
        await item.ReserveOneAsync(11);
        Assert.True(_gate.Refuses(11));
        await Eventually.IsTrueAsync("the buyer of the restock is known", () =>
        {
            reader.Start();
            return !_gate.Refuses(11);
        });
        AssertKnows(11);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5_000)]
    public async Task The_buyers_of_an_older_version_are_read_too(int logged)
    {
        var item = await SoldOutAsync(logged);
        await SellInOldWayAsync(item, logged + 1, 5_000);
        var reader = Reader(item, Servers.Redis);
        await ReadAsync(reader);
        AssertKnows(logged + 5_000);

        // While both versions run: what the old one sells, and then the new one.
        _gate.Open();
        await SellInOldWayAsync(item, logged + 5_001, 1);
        await TestItem.Ledger.AdjustAsync(item.Keys, "restock", 1);
        await item.ReserveOneAsync(logged + 5_002);
        await ReadAsync(reader);
        AssertKnows(logged + 5_002);
    }

    /// <summary>Who repeats a request with its key gets the order, also when it is closed, and is not refused as a stranger.</summary>
    [Fact]
    public async Task Who_has_a_key_is_known_also_without_units()
    {
        var item = await SoldOutAsync(logged: 10);
        await Servers.Database.HashSetAsync(
            item.Keys.Keys,
            [.. Enumerable.Range(11, 5_000).Select(user => new HashEntry($"{user} key {user}", $"{new string('a', 32)} 1 1"))]);
        // As an older version leaves it: users with keys, and no word of them in the log.
        await Servers.Database.HashSetAsync(item.Keys.State, "logged", -1);
        var reader = Reader(item, Servers.Redis);
        await ReadAsync(reader);
        AssertKnows(5_010);

        // And as a rebuild, or a worker, restores the key of an order that was closed.
        await new StockRepair(Servers.Redis).RestoreKeysAsync(
            item.Keys, [new HoldToRestore(new string('b', 32), 5_011, 1, DateTime.UnixEpoch, "key")]);
        _gate.Open();
        await ReadAsync(reader);
        AssertKnows(5_011);
    }

    [Fact]
    public async Task An_item_that_waits_for_its_rebuild_leaves_the_gate_open()
    {
        var item = await SoldOutAsync(logged: 10);
        await Servers.Database.HashSetAsync(item.Keys.State, "state", "lost");
        await ReadAsync(Reader(item, Servers.Redis));
        Assert.False(_gate.Refuses(-1) || _gate.Refuses(-1));
    }

    private BuyerReader Reader(TestItem item, IConnectionMultiplexer redis) =>
        new(item.Keys, new BuyerLog(redis), _gate, TimeProvider.System);

    /// <summary>Redis answers "sold out", and the reader reads until the gate needs nothing more.</summary>
    private async Task ReadAsync(BuyerReader reader)
    {
        _gate.Close(_clock.GetTimestamp());
        await Eventually.IsTrueAsync("the buyers are read", () =>
        {
            reader.Start();
            return _gate.Current is not { Buyers: null };
        });
        // The first who asks is the probe.
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        _gate.Refuses(-1);
    }

    private void AssertKnows(int buyers)
    {
        Assert.DoesNotContain(Enumerable.Range(1, buyers), user => _gate.Refuses(user));
        Assert.InRange(Enumerable.Range(1, 1_000).Count(stranger => _gate.Refuses(-stranger)), 950, 1_000);
    }

    /// <summary>An item whose units the users from 1 on hold, one each, as the present version sells them.</summary>
    private static async Task<TestItem> SoldOutAsync(int logged)
    {
        var item = await TestItem.OpenAsync(units: 0);
        await SellInOldWayAsync(item, 1, logged);
        await Servers.Database.HashSetAsync(item.Keys.State, "logged", logged);
        await Servers.Database.ListRightPushAsync(
            item.Keys.Log, [.. Enumerable.Range(1, logged).Select(user => (RedisValue)user)]);
        return item;
    }

    private static async Task SellInOldWayAsync(TestItem item, int first, int users)
    {
        await Servers.Database.HashIncrementAsync(item.Keys.State, "held", users);
        await Servers.Database.HashIncrementAsync(item.Keys.State, "allocated", users);
        await Servers.Database.HashSetAsync(
            item.Keys.Buyers, [.. Enumerable.Range(first, users).Select(user => new HashEntry(user, 1))]);
    }
}
