using System.Globalization;
using Seckill.Shared.Stock;
using Seckill.Shared.Tests.Connections;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: an order costs the append-only file a few kilobytes at most, however many orders its buyer has. Broken by the list of the
/// buyer's orders, which is written as a whole: once for each order of a batch, or without a bound. Mutant: the list is written for each
/// order of the batch. A server of its own, because only there the file grows by nothing else.
/// </summary>
public sealed class BuyerWithManyOrdersTests
{
    private const int HighestLimit = 100;

    [Fact]
    public async Task The_last_order_within_the_highest_limit_writes_four_kilobytes_and_a_batch_the_list_once()
    {
        await using var server = await OwnRedis.StartAsync("--save", "", "--appendonly", "yes", "--appendfsync", "always");
        await using var redis = OwnRedis.Connect(server.Address);
        var (ledger, item) = (new StockLedger(redis), new TestItem());
        await ledger.WarmAsync(item.Keys, item.Plan(units: 1_000, limit: HighestLimit)).InTime();
        var growth = new List<long>();
        for (var order = 1; order <= HighestLimit; order++)
        {
            growth.Add(await GrowthAsync(redis, () => ReserveAsync(ledger, item, user: 7, orders: 1)));
        }

        Assert.InRange(growth[^1], 3_300, 4_300);
        Assert.InRange(growth.Average(), 1_000, 2_600);
        Assert.InRange(await GrowthAsync(redis, () => ReserveAsync(ledger, item, user: 8, HighestLimit)), 10_000, 40_000);
    }

    private static async Task ReserveAsync(StockLedger ledger, TestItem item, long user, int orders)
    {
        var batch = new ReserveBatch(orders);
        for (var order = 0; order < orders; order++)
        {
            var suffix = new byte[OrderId.SuffixLength];
            OrderId.FillSuffix(suffix);
            batch.Add(suffix, user, 1, null);
        }

        await ledger.ReserveAsync(item.Keys, batch, TestItem.NoBound).InTime();
        Assert.All(Enumerable.Range(0, orders), order => Assert.Equal(ReserveOutcome.Reserved, batch.Outcome(order, out _)));
    }

    private static async Task<long> GrowthAsync(IConnectionMultiplexer redis, Func<Task> write)
    {
        var before = await SizeAsync(redis);
        await write();
        return await SizeAsync(redis) - before;
    }

    private static async Task<long> SizeAsync(IConnectionMultiplexer redis)
    {
        var info = (string)(await redis.GetDatabase().ExecuteAsync("INFO", "persistence").InTime())!;
        var line = info.Split("\r\n").Single(text => text.StartsWith("aof_current_size:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1], CultureInfo.InvariantCulture);
    }
}
