using System.Security.Cryptography;
using Dapper;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Sales;
using Seckill.OrderService.Payments;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.Tests.Harness;

/// <summary>An item that is opened by the services' own code, and the steps of its orders' life, one at a time.</summary>
internal sealed class TestSale : TestItem
{
    private readonly StoreFixture _stores;

    // Small enough for the legacy schema.
    private TestSale(StoreFixture stores)
        : base(RandomNumberGenerator.GetInt32(int.MaxValue) + 1L) => _stores = stores;

    public ItemKey Item => Key;

    /// <param name="change">Of its item, before it is created.</param>
    public static async Task<TestSale> OpenAsync(
        StoreFixture stores, int units = 100, int limit = 2, int payWithinSeconds = 900,
        Func<CreateSaleItem, CreateSaleItem>? change = null)
    {
        var sale = new TestSale(stores);
        var now = TimeProvider.System.GetUtcNow();
        var item = new CreateSaleItem(sale.Item.SkuId, units, limit, Price, "EUR");
        Assert.True(await stores.Sales.TryAddAsync(
            new CreateSale(sale.Item.SaleId, "Test", now.AddHours(-1), now.AddHours(1), payWithinSeconds,
                [change is null ? item : change(item)]),
            CancellationToken.None));
        stores.Opened.Add(sale.Item.SaleId);
        Assert.Equal(OpeningOutcome.Done, await stores.Opening.OpenAsync(sale.Item.SaleId, CancellationToken.None));
        return sale;
    }

    public async Task<(ReserveOutcome Outcome, ReservedOrder Order)> TryReserveAsync(long user, int quantity = 1, string? key = null)
    {
        var answer = Assert.Single(await ReserveAsync(new Ask(user, quantity, key)));
        return (answer.Outcome, answer.OrderOf(user, quantity, key));
    }

    public async Task<ReservedOrder> ReserveAsync(long user, int quantity = 1, string? key = null)
    {
        var (outcome, order) = await TryReserveAsync(user, quantity, key);
        Assert.Equal(ReserveOutcome.Reserved, outcome);
        return order;
    }

    public async Task<ReservedOrder[]> PlaceManyAsync(int count, int quantity = 1)
    {
        var orders = new ReservedOrder[count];
        for (var i = 0; i < count; i++)
        {
            orders[i] = await ReserveAsync(i + 1, quantity);
        }

        await ConsumeAsync(orders);
        return orders;
    }

    /// <summary>The message that carries these orders.</summary>
    public OrdersReserved Message(params ReservedOrder[] orders) => new(Item.SaleId, Item.SkuId, Price, "EUR", orders);

    /// <summary>The item as the auditor reads it from PostgreSQL.</summary>
    public async Task<AuditedItem> AuditedAsync() => (await _stores.Rows.ItemsAsync(Item.SaleId, CancellationToken.None)).Single();

    /// <summary>(9) Returns what waits to be returned.</summary>
    public async Task ReturnAllAsync()
    {
        using var returner = _stores.Returns();
        await returner.StartAsync(CancellationToken.None);
        await AllReturnedAsync();
        await returner.StopAsync(CancellationToken.None);
    }

    /// <summary>(6)(7) What a worker does with a message.</summary>
    public async Task ConsumeAsync(params ReservedOrder[] orders)
    {
        await _stores.Orders.PlaceAsync(Message(orders), CancellationToken.None);
        var withoutHold = await _stores.Stock.SettleAsync(Keys, orders.Select(order => order.OrderId));
        await _stores.Holds.RestoreAsync(Keys, withoutHold, CancellationToken.None);
    }

    public Task<PaymentOutcome> PayAsync(ReservedOrder order, string paymentId, long? amount = null) =>
        _stores.Payments.ApplyAsync(
            new Payment(paymentId, order.OrderId, amount ?? Price * order.Quantity, "EUR"), CancellationToken.None);

    /// <summary>Lets the time to pay run out, by the clock that decides it.</summary>
    public Task MakeOverdueAsync(params string[] orderIds) =>
        ExecuteAsync("update orders set pay_by = now() - interval '1 second' where order_id = any(@orderIds)", new { orderIds });

    /// <summary>Lets an order expire; orders of other tests may be overdue for longer, and are expired first.</summary>
    public async Task ExpireAsync(string orderId)
    {
        await MakeOverdueAsync(orderId);
        await Eventually.IsTrueAsync("the overdue order is expired", async () =>
        {
            await _stores.Closing.ExpireAsync(500, CancellationToken.None);
            return (await StatusesAsync())[orderId] == "expired";
        });
    }

    public Task<Dictionary<string, string>> StatusesAsync() => StatusesAsync(_stores, Item.SaleId);

    public Task<long> CountAsync(string from) =>
        ScalarAsync<long>($"select count(*) from {from}", new { Item.SaleId });

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await _stores.Database.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters ?? new { Item.SaleId }))!;
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await _stores.Database.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters ?? new { Item.SaleId });
    }

    public async Task<LedgerItem> LedgerAsync() => (await _stores.Ledger.ReadAsync(Item.SaleId, CancellationToken.None))!.Items[0];

    /// <summary>Ends when every closed order of the sale has given its stock back.</summary>
    public Task AllReturnedAsync() => Eventually.IsTrueAsync(
        "all stock came back", async () => await CountAsync("stock_returns where sale_id = @SaleId and returned_at is null") == 0);

    /// <summary>Nothing is under way: allocated = available + placed + paid, in both stores and in the ledger that compares them.</summary>
    public async Task AssertConservedAsync(int allocated)
    {
        var ledger = await LedgerAsync();
        Assert.True(ledger.Balanced, $"The ledger does not balance: {ledger}");
        Assert.Equal((allocated, 0), (ledger.Allocated, ledger.Reserved));
        Assert.Equal(allocated, ledger.Available + ledger.Placed + ledger.Paid);
        var redis = await InspectAsync();
        Assert.Equal((ledger.Placed + ledger.Paid, 0L), (redis.Held, redis.OutboxDepth));
        Assert.Equal(redis.Held, (await _stores.Redis.HashGetAllAsync(Keys.Buyers)).Sum(buyer => (int)buyer.Value));
        Assert.All(await _stores.Rows.RecountAsync(Item, CancellationToken.None), total => Assert.Equal(total.Counted, total.Kept));
        Assert.Equal(redis.Held, (await _stores.Redis.HashValuesAsync(Keys.Holds))
            .Sum(text => Hold.TryParse(text, out var hold) ? hold.Units : 0));
    }

    /// <summary>All units become paid orders that were settled long ago, as the services would have left them.</summary>
    public async Task FillAsync()
    {
        const int Together = 5_000;
        var audited = await AuditedAsync();
        var orders = audited.Allocated;
        await ExecuteAsync(
            """
            insert into orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, placed_at, pay_by)
            select @number || lpad(to_hex(n), 24, '0'), @SaleId, @SkuId, n, 1, 4999, 'EUR', 'placed', now(), now() - interval '1 h', now()
            from generate_series(1, @orders) n
            """,
            new { Item.SaleId, Item.SkuId, number = audited.Number, orders });
        await ExecuteAsync("update sale_items set live = allocated where sale_id = @SaleId");
        await ExecuteAsync("update orders set status = 'paid' where sale_id = @SaleId");
        for (var first = 1; first < orders; first += Together)
        {
            await _stores.Redis.ScriptEvaluateAsync(
                """
                for user = tonumber(ARGV[2]), ARGV[2] + ARGV[3] - 1 do
                  local order = ARGV[1] .. string.format('%024x', user)
                  redis.call('HSET', KEYS[2], user, 1)
                  redis.call('HSET', KEYS[3], order, string.format('%d:1:1', user))
                  redis.call('HSET', KEYS[4], user, order)
                end
                redis.call('HINCRBY', KEYS[1], 'available', -ARGV[3])
                redis.call('HINCRBY', KEYS[1], 'held', ARGV[3])
                """,
                [Keys.State, Keys.Buyers, Keys.Holds, Keys.Orders],
                [audited.Number, first, Together]);
        }

        await AssertConservedAsync(orders);
    }

    private static async Task<Dictionary<string, string>> StatusesAsync(StoreFixture stores, long saleId)
    {
        await using var connection = await stores.Database.OpenConnectionAsync();
        return (await connection.QueryAsync<(string Id, string Status)>(
            "select order_id, status from orders where sale_id = @saleId", new { saleId })).ToDictionary(row => row.Id, row => row.Status);
    }
}
