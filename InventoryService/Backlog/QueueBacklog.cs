namespace Seckill.InventoryService.Backlog;

/// <summary>What waits at the broker.</summary>
/// <param name="Waiting">Messages that no worker has taken; each has many orders.</param>
/// <param name="Consumers">Workers that consume them.</param>
/// <param name="DeadLetters">Messages that no worker could consume.</param>
internal sealed record Queues(long Waiting, long Consumers, long DeadLetters);

/// <summary>Messages that wait for the workers, and messages that no worker could consume.</summary>
internal sealed class QueueBacklog : BacklogReader<Queues>
{
    private readonly BrokerClient _broker;

    public QueueBacklog(BrokerClient broker, TimeProvider clock, ILogger<QueueBacklog> logger)
        : base("RabbitMQ", clock, logger)
    {
        _broker = broker;
        Gauge<long>("seckill.queue.messages", "{message}", "Messages at the broker: work for the workers, and dead letters.", queues =>
        [
            new(queues.Waiting, new KeyValuePair<string, object?>("queue", OrdersReservedPublisher.QueueName)),
            new(queues.DeadLetters, new KeyValuePair<string, object?>("queue", OrdersReservedPublisher.DeadLetterQueueName)),
        ]);
    }

    protected override async Task<Queues> ReadAsync(CancellationToken cancellationToken) =>
        await _broker.FindQueueAsync(OrdersReservedPublisher.QueueName) is { } orders
        && await _broker.FindQueueAsync(OrdersReservedPublisher.DeadLetterQueueName) is { } dead
            ? new Queues(orders.Messages, orders.Consumers, dead.Messages)
            : throw new TimeoutException("RabbitMQ does not answer.");
}
