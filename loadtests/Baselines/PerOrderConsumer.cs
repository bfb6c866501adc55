using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Seckill.Baselines;

/// <summary>Writes the row of each order in a transaction of its own, many at once, and acknowledges it then.</summary>
internal sealed class PerOrderConsumer(Broker broker, BaselineTables tables) : BackgroundService
{
    // As many transactions as the pool has connections: commits that wait for the disk together share one write.
    private const ushort Concurrency = 16;
    private const ushort Prefetch = 256;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var channel = await broker.OpenConsumerAsync(Concurrency);
        await channel.BasicQosAsync(0, Prefetch, global: false, CancellationToken.None);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            var order = JsonSerializer.Deserialize(delivery.Body.Span, BaselineJson.Default.OrderReserved)!;
            await tables.PlaceAsync(order, CancellationToken.None);
            await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false, CancellationToken.None);
        };
        await channel.BasicConsumeAsync(Broker.QueueName, autoAck: false, consumer, CancellationToken.None);
        await Task.Delay(Timeout.Infinite, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
