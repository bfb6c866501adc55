using System.Diagnostics;
using System.Text.Json;
using Dapper;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Connections;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using StackExchange.Redis;

namespace Seckill.Chaos;

/// <summary>Waits until nothing of a sale is on its way, and reads what the stores have then: past the services and the relays.</summary>
internal static class EvidenceReader
{
    // Both schemas as one text for each order, in terms of the old one.
    private const string OursInTheirTerms =
        """
        select order_id, concat_ws(' ', user_id, sku_id, sale_id, quantity, unit_price * quantity,
          case status when 'placed' then 0 when 'paid' then 1 when 'cancelled' then 2 when 'expired' then 3 else 9 end,
          floor(extract(epoch from reserved_at))::bigint, coalesce(floor(extract(epoch from paid_at)), 0)::bigint)
        from orders where sale_id = @Id
        """;

    private const string Theirs =
        """
        select order_sn, concat_ws(' ', uid, goods_id, activity_id, num, (order_amount * 100)::bigint, order_status, add_time, pay_time)
        from t_order where activity_id = @Id and is_delete = 0
        """;

    private const string EventsOfOrders =
        """
        select o.id as OrderId, e.kind as Kind, e.last - cardinality(e.order_ids) + o.place as Number
        from order_events e, unnest(e.order_ids) with ordinality as o (id, place)
        where e.order_ids && @orders and o.id = any(@orders)
        """;

    /// <returns>What is still on its way after so long; nothing when the sale has come to rest.</returns>
    public static async Task<string> DrainAsync(Stage stage, Sale sale, TimeSpan limit)
    {
        var since = Stopwatch.GetTimestamp();
        string left;
        while ((left = await LeftAsync(stage, sale)).Length > 0 && Stopwatch.GetElapsedTime(since) < limit)
        {
            await Task.Delay(50);
        }

        return left;
    }

    public static async Task<Evidence> ReadAsync(
        Stage stage, Buyers buyers, Schedule schedule, History history, Watch watch, IReadOnlyCollection<double> losses)
    {
        var sale = buyers.Sale;
        await using var ours = await stage.Direct.Orders.OpenConnectionAsync();
        await using var theirs = await stage.Legacy.OpenConnectionAsync();
        var books = new Dictionary<long, Books>();
        var released = new Dictionary<long, long>();
        var (saleState, itemStates) = await StatesAsync(stage, ours, sale);
        foreach (var sku in sale.Skus)
        {
            books[sku] = await Books.ReadAsync(stage.Direct, sale, sku);
            released[sku] = (long)await stage.Direct.Redis.HashGetAsync($"seckill:{{{sale.Id}:{sku}}}:item", "released");
        }

        async Task<T[]> Rows<T>(string sql) => [.. await ours.QueryAsync<T>(sql, new { sale.Id })];
        string[] orders = [.. (await Rows<string>("select order_id from orders where sale_id = @Id"))
            .Union(history.Operations.Where(operation => operation.IsAccepted).Select(operation => operation.OrderId!))];
        return new Evidence
        {
            Operations = history.Operations,
            Calls = history.Calls,
            Looks = history.Looks,
            LimitPerUser = schedule.LimitPerUser,
            Units = schedule.Units,
            Losses = losses,
            SaleState = saleState,
            ItemStates = itemStates,
            Epochs = (await Rows<(long Sku, int Epoch)>("select sku_id, epoch from sale_items where sale_id = @Id"))
                .ToDictionary(item => item.Sku, item => item.Epoch),
            StockChanges = await Rows<StockChangeRow>(
                """
                select sku_id as SkuId, idempotency_key as Key, delta as Delta, done_at is not null as IsDone
                from stock_changes where sale_id = @Id
                """),
            Stock = watch.Stock,
            Live = watch.Live,
            Homeless = watch.Homeless,
            Books = books,
            Released = released,
            ReturnsUnderWay = await Rows<string>("select order_id from stock_returns where sale_id = @Id"),
            Quarantined = await Rows<string>("select order_id from quarantined_orders where sale_id = @Id"),
            Payments = [.. await ours.QueryAsync<PaymentRow>(
                """
                select payment_id as PaymentId, order_id as OrderId, outcome as Outcome, amount as Amount
                from payments where order_id = any(@orders)
                """,
                new { orders })],
            Refunds = [.. await ours.QueryAsync<RefundRow>(
                """
                select payment_id as PaymentId, order_id as OrderId, reason as Reason, amount as Amount
                from refunds where order_id = any(@orders)
                """,
                new { orders })],
            Events = [.. await ours.QueryAsync<OrderEventRow>(EventsOfOrders, new { orders })],
            Delivered = await EventConsumer.TakeAsync(stage.Machines[Servers.RabbitMqSetting], sale.Id),
            Queues = await QueuesAsync(stage),
            LegacyShould = await TextsAsync(ours, OursInTheirTerms, sale.Id),
            LegacyIs = await TextsAsync(theirs, Theirs, sale.Id),
            LegacyFound = (await Rows<string>(
                """
                select order_id from legacy_discrepancies join orders using (order_id) where sale_id = @Id and resolved_at is null
                """)).ToHashSet(),
            LegacyWaiting = await Rows<string>(
                """
                select order_id
                from legacy_outbox, unnest(order_ids) as waiting (order_id) join orders using (order_id)
                where sale_id = @Id
                """),
        };
    }

    private static async Task<string> LeftAsync(Stage stage, Sale sale)
    {
        try
        {
            return await LookAsync(stage, sale);
        }
        catch (Exception exception) when (exception is NpgsqlException or RedisException or TimeoutException or HttpRequestException
            or RabbitMQClientException or IOException or Xunit.Sdk.XunitException)
        {
            return exception.Message;
        }
    }

    private static async Task<string> LookAsync(Stage stage, Sale sale)
    {
        var left = new List<string>();
        if (await Books.CountOutboxAsync(stage.Direct, sale) is > 0 and var waiting)
        {
            left.Add($"{waiting} orders in the outbox");
        }

        await using var connection = await stage.Direct.Orders.OpenConnectionAsync();
        left.AddRange(await connection.QueryAsync<string>(
            """
            select count(*) || ' orders whose stock is on its way back' from stock_returns where sale_id = @Id having count(*) > 0
            union all
            select count(*) || ' orders for the legacy schema' from legacy_outbox having count(*) > 0
            union all
            select count(*) || ' orders overdue' from orders
              where sale_id = @Id and status = 'placed' and pay_by < now() + interval '1 minute' having count(*) > 0
            union all
            select count(*) || ' items that wait for their rebuild' from sale_items
              where sale_id = @Id and lost_at is not null having count(*) > 0
            union all
            select count(*) || ' events that have no number' from order_events_new having count(*) > 0
            union all
            select newest.position - told.position || ' events that are not published'
              from order_event_positions newest, order_event_positions told
              where newest.name = 'last' and told.name = 'exchange' and newest.position > told.position
            union all
            select count(*) || ' changes of stock' from stock_changes
              where sale_id = @Id and done_at is null having count(*) > 0
            """,
            new { sale.Id }));
        var (saleState, itemStates) = await StatesAsync(stage, connection, sale);
        left.AddRange(itemStates.Where(item => item.Value != saleState).Select(item => $"{item.Key} is {item.Value}, not {saleState}"));
        left.AddRange((await QueuesAsync(stage)).Where(queue => queue.Key == OrdersReservedPublisher.QueueName && queue.Value > 0)
            .Select(queue => $"{queue.Value} messages in {queue.Key}"));
        foreach (var inventory in stage.Inventories)
        {
            if (left.Count == 0 && !await IsBalancedAsync(sale, inventory))
            {
                left.Add($"the ledger is called unbalanced by {inventory.Name}");
            }
        }

        return string.Join(", ", left);
    }

    /// <summary>What a service says itself; "not known" is no yes.</summary>
    public static async Task<bool> IsBalancedAsync(Sale sale, Member inventory) =>
        (await sale.LedgerAsync(inventory.Now)).GetProperty("balanced").ValueKind == JsonValueKind.True;

    private static async Task<(ItemState Sale, Dictionary<long, ItemState> Items)> StatesAsync(
        Stage stage, NpgsqlConnection database, Sale sale)
    {
        var row = await database.QuerySingleAsync<ItemState>(
            "select state as State, state_version as Version from sales where sale_id = @Id", new { sale.Id });
        var items = new Dictionary<long, ItemState>();
        foreach (var sku in sale.Skus)
        {
            var item = await stage.Direct.Redis.HashGetAsync(
                $"seckill:{{{sale.Id}:{sku}}}:item", [(RedisValue)"state", "state_version"]);
            items[sku] = new ItemState((string?)item[0] ?? "missing", (long)item[1]);
        }

        return (row, items);
    }

    private static async Task<Dictionary<string, long>> QueuesAsync(Stage stage)
    {
        var factory = new ConnectionFactory { Uri = new Uri(stage.Machines[Servers.RabbitMqSetting]) };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var waiting = new Dictionary<string, long>();
        foreach (var queue in new[] { OrdersReservedPublisher.QueueName, OrdersReservedPublisher.DeadLetterQueueName })
        {
            waiting[queue] = (await channel.QueueDeclarePassiveAsync(queue)).MessageCount;
        }

        return waiting;
    }

    private static async Task<Dictionary<string, string>> TextsAsync(NpgsqlConnection database, string sql, long id) =>
        (await database.QueryAsync<(string Order, string Text)>(sql, new { Id = id })).ToDictionary(row => row.Order, row => row.Text);
}
