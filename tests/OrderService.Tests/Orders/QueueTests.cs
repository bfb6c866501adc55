using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Seckill.Shared.Connections;
using Seckill.Shared.Contracts;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>The same through RabbitMQ: a published batch arrives at a worker as it was sent, and its orders leave the outbox.</summary>
public sealed class QueueTests(StorefrontHost storefront)
{
    [Fact]
    public async Task A_published_batch_is_placed_and_settled()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var user = TestItem.NewId();
        var orderId = await item.ReserveOneAsync(user, 2);
        var hold = (await TestItem.Ledger.FindHoldAsync(item.Keys, orderId))!.Value.Hold;
        var batch = new OrdersReserved(item.Key.SaleId, item.Key.SkuId, 4999, "EUR", [new(orderId, user, 2, hold.ReservedAt)]);
        var publisher = storefront.Services.GetRequiredService<OrdersReservedPublisher>();
        await PublishAsync(publisher, batch);
        await PublishAsync(publisher, batch);
        await Eventually.IsTrueAsync("the order is settled", async () => (await item.OutboxAsync()).Length == 0);
        Assert.Equal([(orderId, "placed", 2)], await item.RowsAsync());
        await Eventually.IsTrueAsync("the ledger counts it once", async () => await item.LiveAsync() == 2);
    }

    /// <summary>From the click to the row, where a rebuild finds it. Broken by any step in between that leaves the key behind.</summary>
    [Fact]
    public async Task An_order_takes_the_key_of_its_request_along_to_its_row()
    {
        var item = await TestItem.OpenEverywhereAsync();
        using var response = await storefront.OrderAsync(item.Key, TestItem.NewId(), key: "click:1");
        Assert.True(response.IsSuccessStatusCode);
        await Eventually.IsTrueAsync("the order is settled", async () => (await item.OutboxAsync()).Length == 0);
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        Assert.Equal("click:1", await connection.ExecuteScalarAsync<string>(
            "select idempotency_key from orders where sale_id = @SaleId", new { item.Key.SaleId }));
    }

    // The queue is declared by the worker, which may still be starting.
    private static Task<TimeSpan> PublishAsync(OrdersReservedPublisher publisher, OrdersReserved batch) => Eventually.IsTrueAsync(
        "the batch is published",
        async () =>
        {
            try
            {
                await publisher.PublishAsync(batch);
                return true;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                return false;
            }
        });
}
