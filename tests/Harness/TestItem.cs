using System.Security.Cryptography;
using Dapper;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.Tests.Harness;

/// <summary>A sale item of one test alone, in the real stores. Tests share the servers and never an item.</summary>
internal class TestItem
{
    public const int NoBound = 1_000_000;
    private readonly DateTimeOffset _madeAt = TimeProvider.System.GetUtcNow();

    /// <summary>Of one unit, in cents.</summary>
    public const int Price = 4_999;

    public TestItem()
        : this(NewId())
    {
    }

    public TestItem(long saleId)
    {
        Key = new ItemKey(saleId, 1001);
        Keys = new ItemKeys(Key);
        Number = OrderId.Number((int)(NewId() & int.MaxValue));
    }

    public ItemKey Key { get; }

    public ItemKeys Keys { get; }

    private RedisKey[] AllKeys => [.. Keys.ForReserve, Keys.Changes, Keys.Withdrawals];

    /// <summary>First digits of the item's order ids.</summary>
    public string Number { get; private set; }

    public static StockLedger Ledger => new(Servers.Redis);

    /// <summary>A positive number of 62 bits, so that no two tests of any run meet.</summary>
    public static long NewId() => (BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & ((1L << 62) - 1)) | 1;

    public static async Task<TestItem> OpenAsync(
        int units = 100, int limit = 2, TimeSpan? opensIn = null, TimeSpan? closesIn = null)
    {
        var item = new TestItem();
        await item.WarmAsync(units, limit, opensIn, closesIn);
        return item;
    }

    /// <summary>As the administration opens it: planned in PostgreSQL, in the catalog, and warm.</summary>
    public static async Task<TestItem> OpenEverywhereAsync(
        int units = 100, int limit = 2, TimeSpan? opensIn = null, TimeSpan? closesIn = null)
    {
        var item = new TestItem();
        await item.PlanInPostgresAsync(units, limit, opensIn, closesIn);
        var catalog = new SaleCatalog(Servers.Redis);
        await catalog.AddNumberAsync(item.Number, item.Key);
        await catalog.AddSaleAsync(new OpenedSale(item.Key.SaleId, "Test", [item.Key.SkuId]));
        await item.WarmAsync(units, limit, opensIn, closesIn);
        return item;
    }

    public async Task PlanInPostgresAsync(int units = 100, int limit = 2, TimeSpan? opensIn = null, TimeSpan? closesIn = null)
    {
        await Schema.EnsureAsync();
        var plan = Plan(units, limit, opensIn, closesIn);
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        Number = OrderId.Number(await connection.ExecuteScalarAsync<int>(
            """
            insert into sales (sale_id, name, opens_at, closes_at, payment_timeout_seconds, state)
            values (@SaleId, 'Test', @Opens, @Closes, 900, 'open');
            insert into sale_items (sale_id, sku_id, position, allocated, limit_per_user, unit_price, currency, warmed_at)
            values (@SaleId, @SkuId, 0, @units, @limit, @UnitPrice, @Currency, now())
            returning item_number
            """,
            new
            {
                Key.SaleId, Key.SkuId, units, limit, plan.UnitPrice, plan.Currency,
                Opens = plan.OpensAt.UtcDateTime, Closes = plan.ClosesAt.UtcDateTime,
            }));
    }

    /// <summary>Orders of the item in PostgreSQL: id, status, units.</summary>
    public async Task<List<(string OrderId, string Status, int Quantity)>> RowsAsync()
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return [.. await connection.QueryAsync<(string, string, int)>(
            "select order_id, status, quantity from orders where sale_id = @SaleId order by order_id", new { Key.SaleId })];
    }

    /// <summary>Units that the ledger in PostgreSQL counts as live.</summary>
    public async Task<int> LiveAsync()
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<int>("select live from sale_items where sale_id = @SaleId", new { Key.SaleId });
    }

    public async Task<bool> WarmAsync(int units = 100, int limit = 2, TimeSpan? opensIn = null, TimeSpan? closesIn = null) =>
        await Ledger.WarmAsync(Keys, Plan(units, limit, opensIn, closesIn)) == WarmOutcome.Created;

    public ItemSnapshot Plan(int units = 100, int limit = 2, TimeSpan? opensIn = null, TimeSpan? closesIn = null)
    {
        var now = _madeAt;
        return new ItemSnapshot(
            Now: default, Available: units, Held: 0, Allocated: units, Number, UnitPrice: Price, Currency: "EUR",
            OpensAt: now + (opensIn ?? TimeSpan.FromHours(-1)), ClosesAt: now + (closesIn ?? TimeSpan.FromHours(1)),
            State: ItemState.Open, LimitPerUser: limit, PaymentTimeoutSeconds: 900, OutboxDepth: 0);
    }

    public async Task<ItemSnapshot> InspectAsync() =>
        await Ledger.InspectAsync(Keys) ?? throw new InvalidOperationException("The item is not in Redis.");

    /// <summary>Redis loses everything of the item.</summary>
    public async Task LoseAsync() => await Servers.Database.KeyDeleteAsync(AllKeys);

    public async Task<byte[]?[]> CopyAsync() => await Task.WhenAll(AllKeys.Select(key => Servers.Database.KeyDumpAsync(key)));

    /// <summary>Redis has what it had when the copy was made.</summary>
    public async Task RestoreAsync(byte[]?[] copy)
    {
        await LoseAsync();
        foreach (var (key, value) in AllKeys.Zip(copy).Where(pair => pair.Second is not null))
        {
            await Servers.Database.KeyRestoreAsync(key, value!);
        }
    }

    /// <summary>Reserves for each request in one call.</summary>
    public Task<List<ReserveAnswer>> ReserveAsync(params Ask[] asks) => ReserveWithBoundAsync(NoBound, asks);

    public Task<List<ReserveAnswer>> ReserveWithBoundAsync(int outboxBound, params Ask[] asks) =>
        ReserveKnowingAsync(default, outboxBound, asks);

    /// <summary>As a caller that knows of some stock of the item.</summary>
    public async Task<List<ReserveAnswer>> ReserveKnowingAsync(StockVersion known, int outboxBound, params Ask[] asks)
    {
        var batch = new ReserveBatch(Math.Max(asks.Length, 1), asks.Any(ask => ask.Turn is not null));
        var suffixes = new List<byte[]>();
        foreach (var ask in asks)
        {
            var suffix = new byte[OrderId.SuffixLength];
            OrderId.FillSuffix(suffix);
            suffixes.Add(suffix);
            batch.Add(suffix, ask.UserId, ask.Quantity, ask.Key, ask.Turn ?? BuyerTurn.NotNeeded);
        }

        await Ledger.ReserveAsync(Keys, batch, outboxBound, known).InTime();
        return
        [
            .. asks.Select((_, i) =>
            {
                var outcome = batch.Outcome(i, out var detail);
                var orderId = outcome == ReserveOutcome.Reserved ? OrderId.Join(batch.Terms!.Number, suffixes[i]) : "";
                return new ReserveAnswer(outcome, detail, orderId, batch.Now)
                {
                    Version = batch.Version, HasLostWrites = batch.HasLostWrites,
                };
            }),
        ];
    }

    /// <summary>Reserves one order that must succeed.</summary>
    public async Task<string> ReserveOneAsync(long userId, int quantity = 1, string? key = null)
    {
        var answer = Assert.Single(await ReserveAsync(new Ask(userId, quantity, key)));
        Assert.Equal(ReserveOutcome.Reserved, answer.Outcome);
        return answer.OrderId;
    }

    /// <summary>The equations between all keys of the item hold, whatever happened before.</summary>
    public async Task AssertConsistentAsync()
    {
        var state = await InspectAsync();
        var holds = new Dictionary<string, Hold>();
        foreach (var entry in await Servers.Database.HashGetAllAsync(Keys.Holds))
        {
            Assert.True(Hold.TryParse(entry.Value, out var hold), $"A hold reads {entry.Value}.");
            holds.Add(entry.Name!, hold);
        }

        Assert.Equal(state.Allocated, state.Available + state.Held);
        Assert.Equal(state.Held, holds.Values.Sum(hold => hold.Units));
        Assert.Equal(
            holds.Values.GroupBy(hold => hold.UserId).Select(user => (user.Key, user.Sum(hold => hold.Units))).Order(),
            (await Servers.Database.HashGetAllAsync(Keys.Buyers))
                .Select(buyer => ((long)buyer.Name, (int)buyer.Value)).Where(buyer => buyer.Item2 > 0).Order());
        Assert.Equal(
            holds.Select(hold => (hold.Value.UserId, hold.Key)).Order(),
            (await Servers.Database.HashGetAllAsync(Keys.Orders))
                .SelectMany(user => ((string)user.Value!).Split(' ').Select(id => ((long)user.Name, id))).Order());
    }

    public async Task<string[]> OutboxAsync() =>
        [.. (await Servers.Database.SortedSetRangeByRankAsync(Keys.Outbox)).Select(id => (string)id!)];

    /// <summary>Everything that Redis has of this sale, to show that a refusal leaves no trace.</summary>
    public async Task<string> DumpAsync()
    {
        var keys = new[] { Keys.State, Keys.Buyers, Keys.Holds, Keys.Orders, Keys.Keys };
        var lines = new List<string>();
        foreach (var key in keys)
        {
            var entries = await Servers.Database.HashGetAllAsync(key);
            lines.AddRange(entries.Select(entry => $"{key} {entry.Name}={entry.Value}").Order(StringComparer.Ordinal));
        }

        lines.AddRange((await Servers.Database.SortedSetRangeByRankWithScoresAsync(Keys.Outbox)).Select(entry => entry.ToString()));
        return string.Join('\n', lines);
    }
}

/// <param name="Turn">In a sale with a waiting room: see <see cref="BuyerTurn"/>.</param>
internal readonly record struct Ask(long UserId, int Quantity = 1, string? Key = null, long? Turn = null);

internal sealed record ReserveAnswer(ReserveOutcome Outcome, string[] Detail, string OrderId, DateTimeOffset ReservedAt)
{
    public StockVersion Version { get; init; }

    public bool HasLostWrites { get; init; }

    /// <summary>The order, as a message carries it.</summary>
    public ReservedOrder OrderOf(long user, int quantity = 1, string? key = null) =>
        new(OrderId, user, quantity, ReservedAt) { IdempotencyKey = key, Version = Version };
}
