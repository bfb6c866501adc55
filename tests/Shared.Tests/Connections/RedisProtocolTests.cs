using System.Collections.Concurrent;
using Seckill.Shared.Stock;
using Seckill.Shared.Telemetry;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Every reply means the same in both protocols that a server may speak: RESP3 has booleans, maps and numbers of its own, and carries
/// news on another connection. Broken by a cast that one of them does not allow.
/// </summary>
public sealed class RedisProtocolTests
{
    [Theory]
    [InlineData("resp2")]
    [InlineData("resp3")]
    public async Task Scripts_and_commands_are_understood(string protocol)
    {
        await using var redis = OwnRedis.Connect($"{Servers.RedisConnection},protocol={protocol}");
        var (ledger, repair, pages) = (new StockLedger(redis), new StockRepair(redis), new StockPages(redis));
        var catalog = new SaleCatalog(redis);
        var item = new TestItem();
        Assert.Equal(protocol, redis.GetServers()[0].Protocol.ToString(), ignoreCase: true);
        Assert.Equal(WarmOutcome.Created, await ledger.WarmAsync(item.Keys, item.Plan(units: 2)).InTime());
        Assert.Equal(WarmOutcome.Existed, await ledger.WarmAsync(item.Keys, item.Plan(units: 2)).InTime());
        await catalog.AddNumberAsync(item.Number, item.Key).InTime();
        Assert.Equal(item.Key, await catalog.FindItemAsync(item.Number).InTime());
        Assert.Null(await catalog.FindSaleAsync(item.Key.SaleId).InTime());

        var batch = new ReserveBatch(2);
        var suffix = new byte[OrderId.SuffixLength];
        OrderId.FillSuffix(suffix);
        batch.Add(suffix, 7, 2, "key");
        batch.Add(suffix, 8, 1, null);
        await ledger.ReserveAsync(item.Keys, batch, TestItem.NoBound).InTime();
        Assert.Equal(
            (ReserveOutcome.Reserved, ReserveOutcome.SoldOut), (batch.Outcome(0, out _), batch.Outcome(1, out _)));
        var orderId = OrderId.Join(batch.Terms!.Number, suffix);
        var (hold, inOutbox) = (await ledger.FindHoldAsync(item.Keys, orderId).InTime())!.Value;
        Assert.Equal((7, 2, true), (hold.UserId, hold.Units, inOutbox));
        Assert.Equal([7], (await new BuyerLog(redis).ReadAsync(item.Keys, 0).InTime())!.Users);
        var (next, buyers) = await new BuyerLog(redis).ScanAsync(item.Keys, "0").InTime();
        Assert.Equal(("k0", 7), (next, Assert.Single(buyers)));
        var (end, withKeys) = await new BuyerLog(redis).ScanAsync(item.Keys, next!).InTime();
        Assert.Equal((null, 7), (end, Assert.Single(withKeys)));
        Assert.Equal(1, (await ledger.InspectOutboxAsync(item.Keys).InTime()).Depth);
        Assert.Equal(1, (await ledger.NoticeAsync(item.Keys, 0.1, TimeSpan.FromMinutes(1)).InTime())!.SoldOutCrossing);
        Assert.True(await ledger.MarkPublishedAsync(item.Keys, StockMark.SoldOut, 1).InTime());
        Assert.Equal(
            orderId,
            Assert.Single(await ledger.ClaimAsync(item.Keys, TimeSpan.Zero, 10, TimeSpan.FromSeconds(1)).InTime()).OrderId);
        Assert.Equal(new HoldEntry(orderId, hold, true, true), Assert.Single(await ReadAsync(pages.HoldsAsync(item.Keys, 10))));
        Assert.Empty(await ReadAsync(pages.BrokenBuyersAsync(item.Keys, 10)));
        Assert.Equal(["other"], await pages.WithoutHoldAsync(item.Keys, [orderId, "other"]).InTime());
        Assert.Empty(await ledger.SettleAsync(item.Keys, [orderId]).InTime());
        Assert.True(await repair.DeadlineAsync(item.Keys).InTime() > 0);
        Assert.Equal(AdjustOutcome.Made, await ledger.AdjustAsync(item.Keys, "change", 5).InTime());
        Assert.False((await new RedisMark(redis).AdvanceAsync(null, 0).InTime()).LostWrites);

        var heard = new ConcurrentQueue<ItemKey>();
        ledger.OnRestocked(heard.Enqueue);
        // The connection for messages is made for the first of them.
        await Eventually.IsTrueAsync("connected for messages", () => Task.FromResult(ledger.HearsRestocks));
        await redis.GetSubscriber().PingAsync().InTime();
        Assert.Equal(1, await ledger.ReleaseAsync(item.Keys, [orderId]).InTime());
        await Eventually.IsTrueAsync("the return is heard", () => heard.Contains(item.Key));
        var state = (await ledger.InspectAsync(item.Keys).InTime())!;
        Assert.Equal((7, 0, 7, 2), (state.Available, state.Held, state.Allocated, state.Released));
        Assert.Equal(CloseOutcome.Closed, await ledger.CloseAsync(item.Keys, 0).InTime());
    }

    [Theory]
    [InlineData("resp2", "resp3")]
    [InlineData("resp3", "resp2")]
    public async Task A_pulse_is_heard_in_whichever_protocol_it_is_sent(string sent, string received)
    {
        await using var sender = OwnRedis.Connect($"{Servers.RedisConnection},protocol={sent}");
        await using var listener = OwnRedis.Connect($"{Servers.RedisConnection},protocol={received}");
        var heard = new ConcurrentQueue<Heartbeat>();
        Heartbeat.Listen(listener, heard.Enqueue);
        var heartbeat = new Heartbeat(
            Guid.NewGuid().ToString("N"), "api", 1, 2, new Dictionary<string, long>(), 3, new long[Heartbeat.Bounds.Count + 1]);
        await Eventually.IsTrueAsync("the heartbeat is heard", async () =>
        {
            await heartbeat.SendAsync(sender);
            return heard.Any(one => one.Instance == heartbeat.Instance);
        });
    }

    private static async Task<List<T>> ReadAsync<T>(IAsyncEnumerable<IReadOnlyList<T>> pages)
    {
        var all = new List<T>();
        await foreach (var page in pages)
        {
            all.AddRange(page);
        }

        return all;
    }
}
