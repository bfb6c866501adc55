using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using RabbitMQ.Client;
using Seckill.InventoryService.OrderEvents;
using Seckill.Shared.Connections;
using Seckill.Shared.Contracts;

namespace Seckill.InventoryService.Tests.OrderEvents;

/// <summary>
/// Promise: the events are the history of the orders: each once, in order for each order, and a reader who remembers one number misses
/// none. Broken by an event that is written beside the transaction of its change, by numbers that are given before the commit, and by
/// two processes that give the same number.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class OrderEventTests(StoreFixture stores)
{
    private readonly OrderEventOptions _options = new();
    private readonly OrderEventLog _log = new(stores.Database, Options.Create(new OrderEventOptions()));

    [Fact]
    public async Task Every_change_of_an_order_is_one_event_in_the_order_of_its_life()
    {
        var (sale, after) = (await TestSale.OpenAsync(stores, units: 10), await NewestAsync());
        var orders = await sale.PlaceManyAsync(5);
        await sale.ConsumeAsync(orders);
        await sale.PayAsync(orders[0], Guid.NewGuid().ToString("N"));
        await sale.PayAsync(orders[0], Guid.NewGuid().ToString("N"));
        Assert.True(await stores.Closing.TryCancelAsync(orders[1].OrderId, CancellationToken.None));
        Assert.False(await stores.Closing.TryCancelAsync(orders[1].OrderId, CancellationToken.None));
        await sale.MakeOverdueAsync(orders[2].OrderId, orders[3].OrderId);
        await stores.Closing.ExpireAsync(1_000, CancellationToken.None);
        // Sold twice: the ledger has room for one more of these three.
        await sale.ExecuteAsync("update sale_items set allocated = live + 1 where sale_id = @SaleId");
        var surplus = new[] { await sale.ReserveAsync(101), await sale.ReserveAsync(102), await sale.ReserveAsync(103) };
        await sale.ConsumeAsync(surplus);

        var lives = (await EventsAsync(sale, after, pageSize: 2)).GroupBy(one => one.Subject)
            .ToDictionary(life => life.Key, life => string.Join(' ', life.Select(one => one.Type["order.".Length..])));
        Assert.Equal(
            ["placed paid", "placed cancelled", "placed expired", "placed expired", "placed", "placed", "rejected", "rejected"],
            orders.Concat(surplus).Select(order => lives[order.OrderId]));
        Assert.Equal(8, lives.Count);
        var first = (await EventsAsync(sale, after, 1_000)).Single(one => one.Id == orders[0].OrderId + "-paid");
        Assert.Equal(
            (orders[0].UserId, 1, (long)TestItem.Price, "EUR", sale.Item.SkuId),
            (first.Data.UserId, first.Data.Quantity, first.Data.UnitPrice, first.Data.Currency, first.Data.SkuId));
    }

    [Fact]
    public async Task An_event_that_is_committed_late_is_behind_what_was_read_meanwhile()
    {
        var (early, late, after) = (await TestSale.OpenAsync(stores), await TestSale.OpenAsync(stores), await NewestAsync());
        var (one, other) = ((await early.PlaceManyAsync(1))[0], (await late.PlaceManyAsync(1))[0]);
        await using var connection = await stores.Database.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            // Has its id in order_events_new, and is not committed.
            await using (var close = new NpgsqlCommand(
                "select close_orders(array(select ctid from orders where order_id = @id for update), 'cancelled', true)", connection))
            {
                close.Parameters.AddWithValue("id", other.OrderId);
                await close.ExecuteNonQueryAsync();
            }

            Assert.True(await stores.Closing.TryCancelAsync(one.OrderId, CancellationToken.None));
            Assert.Equal(["order.placed", "order.cancelled"], (await EventsAsync(early, after)).Select(seen => seen.Type));
            Assert.Equal(["order.placed"], (await EventsAsync(late, after)).Select(seen => seen.Type));
            after = await NewestAsync();
            await transaction.CommitAsync();
        }

        Assert.Equal(["order.cancelled"], (await EventsAsync(late, after)).Select(seen => seen.Type));
    }

    [Fact]
    public async Task A_change_that_is_rolled_back_leaves_no_event_and_no_gap()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var order = (await sale.PlaceManyAsync(1))[0];
        await NumberAsync();
        var after = await NewestAsync();
        // The ledger row cannot be changed, so the close fails after its event was written.
        await sale.ExecuteAsync("update sale_items set live = 0 where sale_id = @SaleId");
        await Assert.ThrowsAsync<PostgresException>(() => stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None));
        await sale.ExecuteAsync("update sale_items set live = 1 where sale_id = @SaleId");
        Assert.Empty(await EventsAsync(sale, after));
        Assert.True(await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None));
        Assert.Equal(after + 1, Assert.Single(await EventsAsync(sale, after)).Number);
    }

    [Fact]
    public async Task Several_processes_that_number_at_once_leave_no_number_out_and_use_none_twice()
    {
        var sale = await TestSale.OpenAsync(stores, units: 60);
        var orders = await sale.PlaceManyAsync(60);
        await NumberAsync();
        var after = await NewestAsync();
        var done = false;
        var numbering = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!Volatile.Read(ref done))
            {
                await NumberAsync();
            }
        })));
        foreach (var order in orders)
        {
            Assert.True(await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None));
        }

        Volatile.Write(ref done, true);
        await numbering.InTime();
        var events = await EventsAsync(sale, after);
        Assert.Equal(Enumerable.Range(1, 60).Select(i => after + i), events.Select(one => one.Number));
        Assert.Equal(60, events.Select(one => one.Id).Distinct().Count());
    }

    [Fact]
    public async Task What_is_over_is_deleted_unless_the_exchange_waits_for_it_and_a_reader_learns_of_the_gap()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        await sale.PlaceManyAsync(3);
        await NumberAsync();
        await sale.ExecuteAsync(
            """
            update order_events set at = now() - interval '31 days';
            update order_event_positions set position = (select max(last) - 1 from order_events) where name = 'exchange'
            """);
        var newest = await NewestAsync();
        Assert.True(await Sequencer().DeleteOldAsync(CancellationToken.None) >= 0);
        Assert.NotEmpty((await _log.ReadAsync(newest - 1, 10, CancellationToken.None)).Events);
        await sale.ExecuteAsync("update order_event_positions set position = (select max(last) from order_events) where name = 'exchange'");
        // A service of another test may delete them first.
        await Sequencer().DeleteOldAsync(CancellationToken.None);
        Assert.True((await _log.ReadAsync(newest - 1, 10, CancellationToken.None)).IsExpired);
        var from = await _log.ReadAsync(newest, 10, CancellationToken.None);
        Assert.Equal((false, newest, 0), (from.IsExpired, from.Last, from.Events.Count));
        Assert.False((await _log.ReadAsync(0, 10, CancellationToken.None)).IsExpired);
    }

    [Fact]
    public async Task The_exchange_gets_every_event_in_order_and_a_refusal_leaves_the_position()
    {
        var factory = new ConnectionFactory { Uri = new Uri(Servers.RabbitMqConnection) };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await using var exchange = new TopicExchange(BrokerAddress.Parse(Servers.RabbitMqConnection), OrderEventRelay.ExchangeName);
        using var relay = new OrderEventRelay(
            stores.Database, _log, exchange, Options.Create(_options), TimeProvider.System, NullLogger<OrderEventRelay>.Instance);
        var sale = await TestSale.OpenAsync(stores, units: 30);
        var queue = (await channel.QueueDeclareAsync()).QueueName;
        await channel.ExchangeDeclareAsync(OrderEventRelay.ExchangeName, ExchangeType.Topic, durable: true);
        await channel.QueueBindAsync(queue, OrderEventRelay.ExchangeName, $"{sale.Item.SaleId}.order.*");
        var orders = await sale.PlaceManyAsync(30);
        foreach (var order in orders)
        {
            await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None);
        }

        await NumberAsync();
        var newest = await NewestAsync();
        await using (var nowhere = new TopicExchange(BrokerAddress.Parse("amqp://guest:guest@127.0.0.1:1/"), OrderEventRelay.ExchangeName))
        using (var cut = new OrderEventRelay(
            stores.Database, _log, nowhere, Options.Create(_options), TimeProvider.System, NullLogger<OrderEventRelay>.Instance))
        {
            await Assert.ThrowsAsync<IOException>(() => cut.PublishAsync(CancellationToken.None));
        }

        await Eventually.IsTrueAsync("all are published", async () =>
        {
            await relay.PublishAsync(CancellationToken.None);
            return await sale.ScalarAsync<long>("select position from order_event_positions where name = 'exchange'") >= newest;
        });
        var expected = (await EventsAsync(sale, 0)).Where(one => one.Number <= newest).ToList();
        Assert.Equal(60, expected.Count);
        foreach (var one in expected)
        {
            var message = await channel.BasicGetAsync(queue, autoAck: true);
            Assert.Equal((one.Id, $"{sale.Item.SaleId}.{one.Type}"), (message!.BasicProperties.MessageId, message.RoutingKey));
            Assert.Equal(OrderEvent.ContentType, message.BasicProperties.ContentType);
            Assert.Equal(one.ToJson(), message.Body.ToArray());
        }

        Assert.Null(await channel.BasicGetAsync(queue, autoAck: true));
    }

    private OrderEventSequencer Sequencer() => new(
        stores.Database, Options.Create(_options), TimeProvider.System, NullLogger<OrderEventSequencer>.Instance);

    private async Task NumberAsync()
    {
        using var sequencer = Sequencer();
        while (await sequencer.NumberAsync(CancellationToken.None) > 0)
        {
            // Until nothing is left.
        }
    }

    // As a reader that follows the pages.
    private async Task<List<OrderEvent>> EventsAsync(TestSale sale, long after, int pageSize = 1_000)
    {
        await NumberAsync();
        var events = new List<OrderEvent>();
        OrderEventPage page;
        do
        {
            page = await _log.ReadAsync(after, pageSize, CancellationToken.None);
            Assert.False(page.IsExpired);
            Assert.InRange(page.Events.Count, 0, pageSize);
            events.AddRange(page.Events);
            after = page.Last;
        }
        while (page.HasMore);
        return [.. events.Where(one => one.Data.SaleId == sale.Item.SaleId)];
    }

    // Behind the events of other tests, which have hundreds of thousands.
    private async Task<long> NewestAsync()
    {
        await NumberAsync();
        await using var command = stores.Database.CreateCommand("select position from order_event_positions where name = 'last'");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
