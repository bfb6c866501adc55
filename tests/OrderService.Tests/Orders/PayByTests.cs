using Dapper;
using Seckill.OrderService.Orders;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: an order expires when the 202 said, so that a countdown never jumps; only an order that was placed late gets more time.
/// Broken by a rule that counts from the row (each order then moves by the lag of the queue), or by one that counts from the reservation
/// alone: after an outage of an hour, every order of that hour would expire before its buyer could pay.
/// </summary>
public sealed class PayByTests
{
    private const int Timeout = 900;

    [Theory]
    [InlineData(0, Timeout)]
    [InlineData(5, Timeout - 5)]
    [InlineData(400, Timeout - 400)]
    [InlineData(460, Timeout / 2)]
    [InlineData(3_600, Timeout / 2)]
    public async Task An_order_is_payable_for_the_timeout_and_for_half_of_it_after_it_was_placed(int secondsLate, int secondsLeft)
    {
        var item = await TestItem.OpenEverywhereAsync();
        var (orderId, reservedAt) = (item.Number + new string('a', OrderId.SuffixLength), await NowAsync($"- interval '{secondsLate} s'"));
        await new OrderPlacement(Servers.Orders).PlaceAsync(
            new OrdersReserved(item.Key.SaleId, item.Key.SkuId, TestItem.Price, "EUR", [new ReservedOrder(orderId, 7, 1, reservedAt)]),
            default);

        var (placedAt, payBy) = await RowAsync(orderId);
        Assert.InRange((payBy - placedAt).TotalSeconds, secondsLeft - 30, secondsLeft);
        Assert.Equal(secondsLeft == Timeout / 2 ? placedAt.AddSeconds(Timeout / 2) : reservedAt.AddSeconds(Timeout), payBy);
    }

    // By the clock that places the order.
    private static async Task<DateTimeOffset> NowAsync(string offset)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return await connection.QuerySingleAsync<DateTime>($"select date_trunc('milliseconds', now() {offset})");
    }

    private static async Task<(DateTimeOffset PlacedAt, DateTimeOffset PayBy)> RowAsync(string orderId)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        var (placedAt, payBy) = await connection.QuerySingleAsync<(DateTime, DateTime)>(
            "select placed_at, pay_by from orders where order_id = @orderId", new { orderId });
        return (placedAt, payBy);
    }
}
