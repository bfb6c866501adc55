using MassTransit;
using StackExchange.Redis;

namespace Seckill.OrderService.Orders;

/// <summary>How a worker consumes the queue.</summary>
internal static class WorkerEndpoint
{
    // Deliveries of a message before the broker dead-letters it. Not a setting, like all arguments of a queue: the broker refuses a
    // queue that is declared with other arguments (see QueueCheck).
    private const int DeliveryLimit = 20;
    private const string DeliveryLimitArgument = "x-delivery-limit";

    // As long as it takes: ConsumerPause ends the wait of all messages together, before the broker would (consumer_timeout).
    private const int Retries = int.MaxValue;
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromSeconds(5);

    /// <summary>With which <see cref="Configure"/> makes MassTransit declare the queue.</summary>
    public static Dictionary<string, object?> QueueArguments => new()
    {
        [RabbitMQ.Client.Headers.XQueueType] = "quorum", [DeliveryLimitArgument] = DeliveryLimit,
        [RabbitMQ.Client.Headers.XDeadLetterExchange] = OrdersReservedPublisher.DeadLetterQueueName,
    };

    /// <summary>The same for the dead-letter queue.</summary>
    public static Dictionary<string, object?> DeadLetterQueueArguments => new() { [RabbitMQ.Client.Headers.XQueueType] = "quorum" };

    public static void Configure(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator rabbit)
    {
        var options = context.GetRequiredService<IOptions<PersistenceOptions>>().Value;
        rabbit.ReceiveEndpoint(OrdersReservedPublisher.QueueName, queue =>
        {
            queue.SetQuorumQueue();
            queue.SetQueueArgument(DeliveryLimitArgument, DeliveryLimit);
            // A quorum queue as well: a classic one is at one node, and while that is down no worker can declare it, and so consume.
            queue.BindDeadLetterQueue(
                OrdersReservedPublisher.DeadLetterQueueName, OrdersReservedPublisher.DeadLetterQueueName, dead => dead.SetQuorumQueue());
            queue.Bind(OrdersReservedPublisher.ExchangeName);
            queue.ConfigureConsumeTopology = false;
            queue.PrefetchCount = options.Prefetch;
            // All of them: what waits for a transaction waits in the PlacementQueue.
            queue.ConcurrentMessageLimit = options.Prefetch;
            // The broker counts deliveries and dead-letters; MassTransit's error queues would hide a message from it.
            queue.RethrowFaultedMessages();
            queue.ThrowOnSkippedMessages();
            // While a store is down, messages wait here and are then redelivered; their orders are in the outbox as well.
            queue.UseMessageRetry(retry =>
            {
                retry.Handle<NpgsqlException>();
                retry.Handle<RedisException>();
                retry.Handle<TimeoutException>();
                retry.Exponential(Retries, s_firstRetry, s_longestRetry, s_firstRetry);
            });
            queue.ConfigureReceive(pipe => pipe.UseFilter(context.GetRequiredService<ConsumerPause>()));
            queue.ConfigureConsumer<OrdersReservedConsumer>(context);
            queue.ConnectReceiveEndpointObserver(context.GetRequiredService<QueueCheck>());
        });
    }
}
