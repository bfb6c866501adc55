using Dapper;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: whoever can write to the queue buys nothing, and PostgreSQL owns the terms of an order. Broken by a worker that believes a
/// message without a signature, or the price, quantity, time or item in it. What is refused is quarantined with its reason.
/// </summary>
public sealed class ForgedMessageTests
{
    private readonly long _user = TestItem.NewId() >> 1;

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public async Task An_order_that_nobody_reserved_is_quarantined_and_takes_no_stock(string? signature)
    {
        var item = await TestItem.OpenEverywhereAsync(units: 20);
        var forged = Message(item, Order(item, quantity: 2));
        await Delivery.Consumer().Consume(Delivery.Of(forged, signature));
        Assert.Empty(await item.RowsAsync());
        Assert.Contains("no valid signature", await ReasonAsync(forged.Orders[0]), StringComparison.Ordinal);
        Assert.Equal((20, 0), await StockAsync(item));
        Assert.Null(await TestItem.Ledger.FindHoldAsync(item.Keys, forged.Orders[0].OrderId));
    }

    /// <summary>As of a worker or an API of the version before, and of a message that was taken from the queue and sent again.</summary>
    [Fact]
    public async Task An_unsigned_message_of_orders_that_Redis_holds_or_PostgreSQL_has_is_as_good_as_a_signed_one()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 20);
        var (placed, released, held) = (await ReserveAsync(item), await ReserveAsync(item), await ReserveAsync(item));
        await Delivery.Consumer().Consume(Delivery.Of(Message(item, placed, released)));
        await TestItem.Ledger.ReleaseAsync(item.Keys, [released.OrderId]);
        var stranger = Order(item);
        await Delivery.Consumer().Consume(Delivery.Of(Message(item, placed, released, held, stranger), signature: null));
        Assert.Equal(
            new[] { placed.OrderId, released.OrderId, held.OrderId }.Order(StringComparer.Ordinal),
            (await item.RowsAsync()).Select(row => row.OrderId));
        Assert.NotNull(await ReasonAsync(stranger));
        Assert.Null(await ReasonAsync(held));
        Assert.Empty(await item.OutboxAsync());
    }

    [Theory]
    [InlineData("buyer")]
    [InlineData("units")]
    public async Task An_unsigned_message_cannot_change_what_was_reserved(string what)
    {
        var item = await TestItem.OpenEverywhereAsync(units: 20);
        var order = await ReserveAsync(item);
        var forged = what == "buyer" ? order with { UserId = order.UserId + 1 } : order with { Quantity = 2 };
        await Delivery.Consumer().Consume(Delivery.Of(Message(item, forged), signature: null));
        Assert.Empty(await item.RowsAsync());
        Assert.NotNull(await ReasonAsync(forged));
        Assert.Equal([order.OrderId], await item.OutboxAsync());
    }

    /// <summary>After the 202 Redis lost the hold; the message is its last witness.</summary>
    [Fact]
    public async Task A_signed_message_brings_back_what_Redis_has_lost()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 20);
        var order = await ReserveAsync(item);
        await TestItem.Ledger.ReleaseAsync(item.Keys, [order.OrderId]);
        await Delivery.Consumer().Consume(Delivery.Of(Message(item, order)));
        Assert.Equal(order.OrderId, Assert.Single(await item.RowsAsync()).OrderId);
        Assert.NotNull(await TestItem.Ledger.FindHoldAsync(item.Keys, order.OrderId));
    }

    [Fact]
    public async Task A_signature_is_of_one_message()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 20);
        var order = await ReserveAsync(item);
        var signature = new Shared.Security.MessageSignature(Shared.Security.DevelopmentKeys.Ops).Sign(Message(item, order));
        var forged = Order(item, quantity: 2);
        await Delivery.Consumer().Consume(Delivery.Of(Message(item, forged), signature));
        Assert.Empty(await item.RowsAsync());
        Assert.NotNull(await ReasonAsync(forged));
    }

    [Fact]
    public async Task Price_and_currency_are_those_of_the_sale()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 20);
        var order = await ReserveAsync(item);
        await Delivery.Consumer().Consume(Delivery.Of(Message(item, order) with { UnitPrice = 1, Currency = "JPY" }));
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        Assert.Equal((4999L, "EUR"), await connection.QuerySingleAsync<(long, string)>(
            "select unit_price, currency from orders where order_id = @OrderId", new { order.OrderId }));
    }

    [Theory]
    [InlineData("over the limit", "more than one buyer may have")]
    [InlineData("before the sale", "the sale is from")]
    [InlineData("after the sale", "the sale is from")]
    [InlineData("of another item", "number of another item")]
    public async Task What_the_sale_does_not_allow_is_quarantined_alone_even_with_a_signature(string what, string reason)
    {
        var item = await TestItem.OpenEverywhereAsync(units: 20);
        var good = await ReserveAsync(item);
        var order = Order(item);
        var bad = what switch
        {
            "over the limit" => order with { Quantity = 3 },
            "before the sale" => order with { ReservedAt = order.ReservedAt.AddYears(-1) },
            "after the sale" => order with { ReservedAt = order.ReservedAt.AddYears(1) },
            _ => order with { OrderId = "0fffffff" + order.OrderId[8..] },
        };
        await Delivery.Consumer().Consume(Delivery.Of(Message(item, good, bad)));
        Assert.Equal(good.OrderId, Assert.Single(await item.RowsAsync()).OrderId);
        Assert.Contains(reason, await ReasonAsync(bad), StringComparison.Ordinal);
        Assert.Equal(1, await item.LiveAsync());
    }

    private static OrdersReserved Message(TestItem item, params ReservedOrder[] orders) =>
        new(item.Key.SaleId, item.Key.SkuId, 4999, "EUR", orders);

    private ReservedOrder Order(TestItem item, int quantity = 1) =>
        new(item.Number + Guid.NewGuid().ToString("N")[8..], _user, quantity, TimeProvider.System.GetUtcNow());

    private static async Task<ReservedOrder> ReserveAsync(TestItem item)
    {
        var id = await item.ReserveOneAsync(TestItem.NewId(), 1);
        return (await TestItem.Ledger.FindHoldAsync(item.Keys, id))!.Value.Hold.ToOrder(id);
    }

    private static async Task<string?> ReasonAsync(ReservedOrder order)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<string?>(
            "select error from quarantined_orders where order_id = @OrderId", new { order.OrderId });
    }

    private static async Task<(int Available, int Live)> StockAsync(TestItem item) =>
        ((await item.InspectAsync()).Available, await item.LiveAsync());
}
