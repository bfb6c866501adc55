using System.Diagnostics;
using System.Text.Json;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Seckill.Shared.Contracts;

namespace Seckill.LoadTests.Bench.DualWrite;

/// <summary>
/// The double write as it is usually done: one message for each order, one insert into each database, one acknowledgement. With pooled
/// connections and prepared statements, and without verification.
/// </summary>
internal static class TwoInserts
{
    private const string Queue = "bench-two-inserts";
    private const int MessagesPerSecond = 3_000;
    private const string Prepared = "Application Name=bench;Max Auto Prepare=5;Auto Prepare Min Usages=2;";

    /// <summary>Orders per second from a full queue.</summary>
    /// <param name="rabbitMq">Address of the broker.</param>
    /// <param name="orders">The order database, with the ledger row of the sale.</param>
    /// <param name="legacy">The legacy database.</param>
    /// <param name="saleId">Its orders are the caller's to remove.</param>
    /// <param name="atOnce">Orders at a time, each on connections of its own.</param>
    /// <param name="time">Maximum duration.</param>
    public static async Task<double> MeasureAsync(string rabbitMq, string orders, string legacy, long saleId, int atOnce, TimeSpan time)
    {
        await using var ordersSource = NpgsqlDataSource.Create(Prepared + orders);
        await using var legacySource = NpgsqlDataSource.Create(Prepared + legacy);
        await using var connection = await new ConnectionFactory { Uri = new Uri(rabbitMq) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(
            publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false,
            consumerDispatchConcurrency: (ushort)atOnce));
        await channel.QueueDeclareAsync(
            Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        var count = (int)(time.TotalSeconds * MessagesPerSecond) + 1;
        for (var user = 1; user <= count; user++)
        {
            var order = new ReservedOrder(Guid.NewGuid().ToString("N"), user, 1, TimeProvider.System.GetUtcNow());
            await channel.BasicPublishAsync(
                "", Queue, JsonSerializer.SerializeToUtf8Bytes(new OrdersReserved(saleId, BenchSite.SkuId, 19_900, "EUR", [order])));
        }

        var done = 0;
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            var message = JsonSerializer.Deserialize<OrdersReserved>(delivery.Body.Span)!;
            await InsertAsync(ordersSource, legacySource, message, message.Orders[0]);
            await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
            Interlocked.Increment(ref done);
        };
        await channel.BasicQosAsync(0, 16, global: false);
        var startedAt = Stopwatch.GetTimestamp();
        var tag = await channel.BasicConsumeAsync(Queue, autoAck: false, consumer);
        while (Volatile.Read(ref done) < count && Stopwatch.GetElapsedTime(startedAt) < time)
        {
            await Task.Delay(10);
        }

        var perSecond = Volatile.Read(ref done) / Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        await channel.BasicCancelAsync(tag);
        await channel.QueueDeleteAsync(Queue);
        return perSecond;
    }

    private static async Task InsertAsync(
        NpgsqlDataSource ordersSource, NpgsqlDataSource legacySource, OrdersReserved sale, ReservedOrder order)
    {
        await using var first = ordersSource.CreateCommand(
            """
            with placed as (
              insert into orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
              values ($1, $2, $3, $4, 1, 19900, 'EUR', 'placed', $5, now() + interval '1 day')
            )
            update sale_items set live = live + 1 where sale_id = $2 and sku_id = $3
            """);
        first.Parameters.Add(new NpgsqlParameter<string> { TypedValue = order.OrderId });
        first.Parameters.Add(new NpgsqlParameter<long> { TypedValue = sale.SaleId });
        first.Parameters.Add(new NpgsqlParameter<long> { TypedValue = sale.SkuId });
        first.Parameters.Add(new NpgsqlParameter<long> { TypedValue = order.UserId });
        first.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = order.ReservedAt.UtcDateTime });
        await first.ExecuteNonQueryAsync();
        await using var second = legacySource.CreateCommand(
            """
            insert into t_order (order_sn, uid, goods_id, activity_id, num, order_amount, add_time)
            values ($1, $2, $3, $4, 1, 199.00, $5)
            """);
        second.Parameters.Add(new NpgsqlParameter<string> { TypedValue = order.OrderId });
        second.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)order.UserId });
        second.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)sale.SkuId });
        second.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)sale.SaleId });
        second.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)order.ReservedAt.ToUnixTimeSeconds() });
        await second.ExecuteNonQueryAsync();
    }
}
