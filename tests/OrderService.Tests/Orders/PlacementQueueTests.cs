using Dapper;
using Npgsql;
using Seckill.OrderService.Orders;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: messages of one order each are persisted as fast as a large one, and what joins them changes nothing else. Broken by a
/// transaction for each message, by a bad order that takes its neighbours along, and by two changes of stock with one number that are
/// joined, because then nobody notices that Redis has lost one of them.
/// </summary>
public sealed class PlacementQueueTests
{
    private const int Messages = 60;
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task Messages_that_wait_for_the_ledger_row_share_a_transaction()
    {
        var item = await TestItem.OpenEverywhereAsync(units: Messages);
        var orders = await ReserveAsync(item, Messages);
        var consumer = Delivery.Consumer();

        var persisted = await WhileLockedAsync(item, () => Consume(consumer, item, orders));

        await Task.WhenAll(persisted).InTime();
        Assert.Equal(Messages, (await item.RowsAsync()).Count);
        // As many as may be in progress, and what waited for them.
        Assert.InRange(await TransactionsAsync(item), 1, new PersistenceOptions().ConcurrentTransactions + 1);
        Assert.Equal(0, (await item.InspectAsync()).OutboxDepth);
    }

    [Fact]
    public async Task A_bad_order_goes_to_quarantine_and_those_that_waited_with_it_become_rows()
    {
        var item = await TestItem.OpenEverywhereAsync(units: Messages);
        var orders = await ReserveAsync(item, Messages);
        var consumer = Delivery.Consumer();
        orders[Messages / 2] = orders[Messages / 2] with { Quantity = 1_000 };

        var persisted = await WhileLockedAsync(item, () => Consume(consumer, item, orders));

        await Task.WhenAll(persisted).InTime();
        Assert.Equal(Messages - 1, (await item.RowsAsync()).Count);
        await using var database = await Servers.Orders.OpenConnectionAsync();
        Assert.Equal([orders[Messages / 2].OrderId], await database.QueryAsync<string>(
            "select order_id from quarantined_orders where sale_id = @SaleId", new { item.Key.SaleId }));
    }

    [Fact]
    public async Task Two_changes_of_stock_with_one_number_are_not_joined()
    {
        var item = await TestItem.OpenEverywhereAsync(units: Messages);
        var orders = await ReserveAsync(item, Messages);
        // The last but one says that it was made by the same change as the last one, a second earlier.
        var (version, time) = (orders[^1].Version, orders[^1].ReservedAt);
        orders[^2] = orders[^2] with { Version = version, ReservedAt = time.AddSeconds(-1) };
        var consumer = Delivery.Consumer();

        var persisted = await WhileLockedAsync(item, () => Consume(consumer, item, orders));

        await Task.WhenAll(persisted).InTime();
        await using var database = await Servers.Orders.OpenConnectionAsync();
        Assert.True(await database.ExecuteScalarAsync<bool>(
            "select lost_at is not null from sale_items where (sale_id, sku_id) = (@SaleId, @SkuId)",
            new { item.Key.SaleId, item.Key.SkuId }));
    }

    [Fact]
    public async Task When_a_transaction_fails_each_of_its_messages_is_delivered_again()
    {
        var item = await TestItem.OpenEverywhereAsync(units: Messages);
        var orders = await ReserveAsync(item, Messages);
        await using var unreachable = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Database=none;Username=none");
        var consumer = Delivery.Consumer(unreachable);

        foreach (var message in Consume(consumer, item, orders))
        {
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => message.InTime());
        }
    }

    /// <summary>Begins while another transaction has the ledger row, and ends when it has let go.</summary>
    private static async Task<Task[]> WhileLockedAsync(TestItem item, Func<Task[]> begin)
    {
        await using var other = await Servers.Orders.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await other.ExecuteAsync("select from sale_items where (sale_id, sku_id) = (@SaleId, @SkuId) for update",
            new { item.Key.SaleId, item.Key.SkuId }, transaction);
        var begun = begin();
        await transaction.CommitAsync();
        return begun;
    }

    private async Task<ReservedOrder[]> ReserveAsync(TestItem item, int orders)
    {
        var reserved = new ReservedOrder[orders];
        for (var i = 0; i < orders; i++)
        {
            // One after the other: each is a change of stock of its own.
            reserved[i] = Assert.Single(await item.ReserveAsync(new Ask(_user + i))).OrderOf(_user + i);
        }

        return reserved;
    }

    private static Task[] Consume(OrdersReservedConsumer consumer, TestItem item, ReservedOrder[] orders) =>
        [.. orders.Select(order => consumer.Consume(Delivery.Of(
            new(item.Key.SaleId, item.Key.SkuId, TestItem.Price, "EUR", [order]))))];

    private static async Task<int> TransactionsAsync(TestItem item)
    {
        await using var database = await Servers.Orders.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<int>(
            "select count(distinct xmin::text)::int from orders where sale_id = @SaleId", new { item.Key.SaleId });
    }
}
