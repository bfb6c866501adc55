using System.Reflection;
using Dapper;
using MassTransit;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.OrderService.Orders;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Messages come twice, late, in any order and in overlapping batches. Each order must become one row, counted once in the ledger;
/// what the ledger has no room for is rejected in sight; what cannot be stored is quarantined alone. On the real PostgreSQL and Redis.
/// </summary>
public sealed class OrderPlacementTests
{
    private readonly OrderPlacement _placement = new(Servers.Orders);
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task The_same_message_twice_is_one_set_of_rows()
    {
        var (item, batch) = await ReservedAsync(orders: 10, units: 10);
        await ConsumeAsync(batch);
        await ConsumeAsync(batch);
        await AssertAllPlacedAsync(item, batch);
        Assert.Empty(await item.OutboxAsync());
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task A_worker_that_dies_between_row_and_settling_does_no_harm()
    {
        var (item, batch) = await ReservedAsync(orders: 5, units: 5);
        await _placement.PlaceAsync(batch, default);
        Assert.Equal(5, (await item.OutboxAsync()).Length);
        await ConsumeAsync(batch);
        await AssertAllPlacedAsync(item, batch);
        Assert.Empty(await item.OutboxAsync());
    }

    [Fact]
    public async Task A_row_is_what_was_reserved()
    {
        var (item, batch) = await ReservedAsync(orders: 1, units: 1);
        await ConsumeAsync(batch);
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        var row = await connection.QuerySingleAsync<(long, long, int, long, string, DateTime)>(
            "select sku_id, user_id, quantity, unit_price, currency, reserved_at from orders where sale_id = @SaleId",
            new { item.Key.SaleId });
        var order = batch.Orders[0];
        Assert.Equal((item.Key.SkuId, order.UserId, order.Quantity, batch.UnitPrice, batch.Currency, order.ReservedAt.UtcDateTime), row);
    }

    /// <summary>A rebuild reads the key from the row; a worker of the version before calls the function without keys.</summary>
    [Fact]
    public async Task A_row_has_the_key_of_its_request_and_none_from_a_worker_that_knows_no_keys()
    {
        var (item, batch) = await ReservedAsync(orders: 3, units: 3);
        ReservedOrder[] orders = [.. batch.Orders.Select((order, i) => i == 1 ? order : order with { IdempotencyKey = $"key {i}" })];
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync("update sale_items set allocated = 2 where sale_id = @SaleId", new { item.Key.SaleId });
        Assert.True(await connection.ExecuteScalarAsync<bool>(
            """
            select place_orders(
              @SaleId, @SkuId, @UnitPrice, @Currency, @OrderIds, @UserIds, @Quantities, @ReservedAt, at_epoch => @Epoch)
            """,
            new BatchParameters(Part(batch, orders[1..2]))));
        // One too many: the surplus goes by the other function, and its key comes with it.
        await ConsumeAsync(Part(batch, orders));
        var keys = (await connection.QueryAsync<(string Id, string? Key)>(
            "select order_id, idempotency_key from orders where sale_id = @SaleId", new { item.Key.SaleId }))
            .ToDictionary(row => row.Id, row => row.Key);
        Assert.Equal(["key 0", null, "key 2"], orders.Select(order => keys[order.OrderId]));
        Assert.Equal(1, (await item.RowsAsync()).Count(row => row.Status == "rejected"));
    }

    [Fact]
    public async Task Overlapping_batches_in_any_order_at_once_count_every_order_once()
    {
        var (item, batch) = await ReservedAsync(orders: 120, units: 120);
        var random = new Random(42);
        var pieces = Enumerable.Range(0, 40).Select(_ => Part(batch, [.. random.GetItems([.. batch.Orders], 30).Distinct()]));
        await Task.WhenAll(pieces.Append(batch).Select(piece => Task.Run(() => ConsumeAsync(piece)))).InTime();
        await AssertAllPlacedAsync(item, batch);
    }

    [Fact]
    public async Task What_was_sold_twice_is_rejected_and_the_ledger_never_exceeds_its_units()
    {
        var (item, batch) = await ReservedAsync(orders: 60, units: 60);
        await SetAllocatedAsync(item, 25);
        await Task.WhenAll(batch.Orders.Chunk(7).Select(orders => Task.Run(() => ConsumeAsync(Part(batch, orders))))).InTime();
        var rows = await item.RowsAsync();
        Assert.Equal(60, rows.Count);
        Assert.Equal(25, rows.Count(row => row.Status == "placed"));
        Assert.Equal(35, rows.Count(row => row.Status == "rejected"));
        Assert.Equal(25, await item.LiveAsync());
        await ConsumeAsync(batch);
        Assert.Equal(rows, await item.RowsAsync());
        Assert.Equal(25, await item.LiveAsync());
    }

    [Fact]
    public async Task When_not_all_fit_the_first_to_reserve_are_placed()
    {
        var (item, batch) = await ReservedAsync(orders: 3, units: 3);
        var byTime = batch.Orders.Select((order, i) => order with { ReservedAt = order.ReservedAt.AddSeconds(-i) }).ToList();
        await SetAllocatedAsync(item, 2);
        await ConsumeAsync(batch with { Orders = byTime });
        var rejected = Assert.Single(await item.RowsAsync(), row => row.Status == "rejected");
        Assert.Equal(byTime[0].OrderId, rejected.OrderId);
    }

    [Fact]
    public async Task One_that_is_too_large_leaves_its_room_to_smaller_ones()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 3, limit: 3);
        var batch = await ReserveAsync(item, orders: 3);
        await SetAllocatedAsync(item, 2);
        var large = batch with { Orders = [.. batch.Orders.Select((order, i) => order with
        {
            Quantity = i == 0 ? 3 : 1, ReservedAt = order.ReservedAt.AddSeconds(i),
        })] };
        await ConsumeAsync(large);
        var rejected = Assert.Single(await item.RowsAsync(), row => row.Status == "rejected");
        Assert.Equal((large.Orders[0].OrderId, 2), (rejected.OrderId, await item.LiveAsync()));
    }

    [Fact]
    public async Task The_database_itself_refuses_more_live_units_than_allocated()
    {
        var (item, _) = await ReservedAsync(orders: 1, units: 1);
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        var error = await Assert.ThrowsAsync<Npgsql.PostgresException>(
            () => connection.ExecuteAsync("update sale_items set live = allocated + 1 where sale_id = @SaleId", new { item.Key.SaleId }));
        Assert.Equal("sale_items_no_oversell", error.ConstraintName);
    }

    [Fact]
    public async Task Orders_of_an_item_that_PostgreSQL_does_not_have_are_quarantined()
    {
        await Schema.EnsureAsync();
        var item = await TestItem.OpenAsync();
        var batch = await ReserveAsync(item, orders: 3);
        await ConsumeAsync(batch);
        Assert.Empty(await item.RowsAsync());
        Assert.Equal(Ids(batch), await QuarantinedAsync(item));
        Assert.Empty(await item.OutboxAsync());
    }

    [Theory]
    [InlineData("quantity")]
    [InlineData("user")]
    [InlineData("id")]
    public async Task One_order_that_cannot_be_stored_is_quarantined_alone(string wrong)
    {
        var (item, batch) = await ReservedAsync(orders: 21, units: 50);
        var poison = wrong switch
        {
            "quantity" => batch.Orders[10] with { Quantity = 0 },
            "user" => batch.Orders[10] with { UserId = 0 },
            _ => batch.Orders[10] with { OrderId = "short-" + _user.ToString("x", null) },
        };
        await ConsumeAsync(Part(batch, [.. batch.Orders.Take(10), poison, .. batch.Orders.Skip(11)]));
        Assert.Equal(20, (await item.RowsAsync()).Count(row => row.Status == "placed"));
        Assert.Equal([poison.OrderId], await QuarantinedAsync(item));
        // Was: the client library's remark that it keeps the details to itself, and nothing else that could be read.
        Assert.Matches("^23[0-9]{3}: [^\n]+$", await ReasonAsync(poison.OrderId));
        Assert.Equal(20, await item.LiveAsync());
    }

    [Fact]
    public async Task A_batch_with_nothing_but_poison_is_quarantined_and_may_come_again()
    {
        var (item, batch) = await ReservedAsync(orders: 8, units: 8);
        var poison = Part(batch, [.. batch.Orders.Select(order => order with { Quantity = -1 })]);
        await ConsumeAsync(poison);
        await ConsumeAsync(poison);
        Assert.Empty(await item.RowsAsync());
        Assert.Equal(Ids(batch), await QuarantinedAsync(item));
    }

    [Fact]
    public async Task Nothing_of_a_batch_is_stored_when_the_ledger_row_is_missing()
    {
        await Schema.EnsureAsync();
        var item = await TestItem.OpenAsync();
        await Assert.ThrowsAsync<UnknownSaleItemException>(async () => await _placement.PlaceAsync(await ReserveAsync(item, 2), default));
        Assert.Empty(await item.RowsAsync());
    }

    private static OrdersReserved Part(OrdersReserved batch, IReadOnlyList<ReservedOrder> orders) => batch with { Orders = orders };

    private static IEnumerable<string> Ids(OrdersReserved batch) =>
        batch.Orders.Select(order => order.OrderId).Order(StringComparer.Ordinal);

    private static async Task AssertAllPlacedAsync(TestItem item, OrdersReserved batch)
    {
        var rows = await item.RowsAsync();
        Assert.Equal(Ids(batch), rows.Select(row => row.OrderId));
        Assert.All(rows, row => Assert.Equal("placed", row.Status));
        Assert.Equal(rows.Sum(row => row.Quantity), await item.LiveAsync());
    }

    private static async Task SetAllocatedAsync(TestItem item, int allocated)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "update sale_items set allocated = @allocated where sale_id = @SaleId", new { allocated, item.Key.SaleId });
    }

    private static async Task<IEnumerable<string>> QuarantinedAsync(TestItem item)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return await connection.QueryAsync<string>(
            "select order_id from quarantined_orders where sale_id = @SaleId and error <> '' order by order_id", new { item.Key.SaleId });
    }

    private static async Task<string?> ReasonAsync(string orderId)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<string>(
            "select error from quarantined_orders where order_id = @orderId", new { orderId });
    }

    private async Task<(TestItem Item, OrdersReserved Batch)> ReservedAsync(int orders, int units)
    {
        var item = await TestItem.OpenEverywhereAsync(units);
        return (item, await ReserveAsync(item, orders));
    }

    [Fact]
    public async Task An_order_whose_hold_Redis_has_lost_gets_it_back_once_and_a_rejected_one_does_not()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 3);
        var batch = await ReserveAsync(item, 3);
        await TestItem.Ledger.ReleaseAsync(item.Keys, batch.Orders.Select(order => order.OrderId));
        await using (var connection = await Servers.Orders.OpenConnectionAsync())
        {
            await connection.ExecuteAsync("update sale_items set allocated = 2 where sale_id = @SaleId", new { batch.SaleId });
        }

        await ConsumeAsync(batch);
        await ConsumeAsync(batch);
        var state = await item.InspectAsync();
        Assert.Equal((1, 2), (state.Available, state.Held));
        await item.AssertConsistentAsync();
        var rejected = (await item.RowsAsync()).Single(row => row.Status == "rejected").OrderId;
        Assert.Null(await TestItem.Ledger.FindHoldAsync(item.Keys, rejected));
    }

    private async Task<OrdersReserved> ReserveAsync(TestItem item, int orders)
    {
        var answers = await item.ReserveAsync([.. Enumerable.Range(0, orders).Select(i => new Ask(_user + i))]);
        var reserved = new List<ReservedOrder>();
        foreach (var answer in answers)
        {
            var hold = (await TestItem.Ledger.FindHoldAsync(item.Keys, answer.OrderId))!.Value.Hold;
            reserved.Add(new ReservedOrder(answer.OrderId, hold.UserId, hold.Units, hold.ReservedAt));
        }

        return new OrdersReserved(item.Key.SaleId, item.Key.SkuId, 4999, "EUR", reserved);
    }

    private static Task ConsumeAsync(OrdersReserved batch) => Delivery.Consumer().Consume(Delivery.Of(batch));
}
