using System.Text.Json;
using RabbitMQ.Client;

namespace Seckill.Chaos;

/// <summary>Another service of the shop: a queue that is bound before the first order, and read when a sale has come to rest.</summary>
internal static class EventConsumer
{
    private const string Exchange = "seckill.orders";
    private const string Queue = "chaos-events";

    /// <summary>From here on no event is missed.</summary>
    public static async Task BindAsync(string rabbitMq)
    {
        await using var connection = await ConnectAsync(rabbitMq);
        await using var channel = await connection.CreateChannelAsync();
        await channel.ExchangeDeclareAsync(Exchange, ExchangeType.Topic, durable: true);
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false);
        await channel.QueueBindAsync(Queue, Exchange, "#");
        await channel.QueuePurgeAsync(Queue);
    }

    /// <summary>Takes all that was delivered, in its order; of this sale alone.</summary>
    public static async Task<IReadOnlyList<DeliveredEvent>> TakeAsync(string rabbitMq, long saleId)
    {
        await using var connection = await ConnectAsync(rabbitMq);
        await using var channel = await connection.CreateChannelAsync();
        var events = new List<DeliveredEvent>();
        while (await channel.BasicGetAsync(Queue, autoAck: true) is { } message)
        {
            using var json = JsonDocument.Parse(message.Body);
            var data = json.RootElement.GetProperty("data");
            if (data.GetProperty("saleId").GetInt64() == saleId)
            {
                events.Add(new DeliveredEvent(
                    json.RootElement.GetProperty("id").GetString()!,
                    new OrderEventRow(
                        data.GetProperty("orderId").GetString()!, json.RootElement.GetProperty("type").GetString()!["order.".Length..],
                        long.Parse(json.RootElement.GetProperty("sequence").GetString()!, null))));
            }
        }

        return events;
    }

    private static Task<IConnection> ConnectAsync(string rabbitMq) =>
        new ConnectionFactory { Uri = new Uri(rabbitMq) }.CreateConnectionAsync();
}

/// <summary>An event as the exchange delivered it.</summary>
/// <param name="Id">The same for each delivery of one event.</param>
/// <param name="Event">What it says.</param>
internal sealed record DeliveredEvent(string Id, OrderEventRow Event);
