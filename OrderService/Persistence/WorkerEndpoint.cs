using MassTransit;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.Shared.Contracts;
using StackExchange.Redis;

namespace Seckill.OrderService.Persistence;

/// <summary>The worker's end of the queue.</summary>
internal static class WorkerEndpoint
{
    // Times that the broker delivers a message before it is dead-lettered. No setting, like everything that the broker remembers of a
    // queue: it refuses one that is declared with other arguments (see QueueCheck).
    private const int DeliveryLimit = 20;

    // Less than 25 minutes in all: after 30 the broker takes a message away from a consumer that keeps it (consumer_timeout).
    private const int Retries = 280;
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromSeconds(5);

    public static void Configure(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator rabbit)
    {
        var options = context.GetRequiredService<IOptions<PersistenceOptions>>().Value;
        rabbit.ReceiveEndpoint(OrdersReservedPublisher.QueueName, queue =>
        {
            queue.SetQuorumQueue();
            queue.SetQueueArgument("x-delivery-limit", DeliveryLimit);
            queue.BindDeadLetterQueue(OrdersReservedPublisher.DeadLetterQueueName);
            queue.ConfigureConsumeTopology = false;
            queue.PrefetchCount = options.Prefetch;
            queue.ConcurrentMessageLimit = options.ConcurrentMessages;
            // The broker counts the deliveries and dead-letters; MassTransit's own error queues would hide a message from it.
            queue.RethrowFaultedMessages();
            queue.ThrowOnSkippedMessages();
            // While a store is away the messages wait here, then come again; and the orders are in the outbox as well.
            queue.UseMessageRetry(retry =>
            {
                retry.Handle<NpgsqlException>();
                retry.Handle<RedisException>();
                retry.Handle<TimeoutException>();
                retry.Exponential(Retries, s_firstRetry, s_longestRetry, s_firstRetry);
            });
            queue.ConfigureConsumer<OrdersReservedConsumer>(context);
            queue.ConnectReceiveEndpointObserver(context.GetRequiredService<QueueCheck>());
        });
    }
}
