using MassTransit;
using MassTransit.RabbitMqTransport;
using Seckill.Shared.Contracts;
using Seckill.Shared.Security;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Connections;

/// <summary>(5) Publishes a batch of reserved orders as one message: signed, mandatory, confirmed, bounded in time.</summary>
public sealed class OrdersReservedPublisher(IBus bus, MessageSignature signature)
{
    /// <summary>The quorum queue that workers consume, and an exchange of the same name that MassTransit puts before it.</summary>
    public const string QueueName = "orders-reserved";

    /// <summary>
    /// The exchange for messages, which the workers bind to their queue. It has another name than the queue, because the broker gives
    /// rights by name alone: a process that may declare the exchange must not be able to delete the queue.
    /// </summary>
    public const string ExchangeName = "orders-reserved-incoming";

    // An exchange, not a queue address: the workers declare the queue, with its quorum arguments.
    private Uri? _address;

    /// <summary>The dead-letter queue: messages that no worker could consume.</summary>
    public const string DeadLetterQueueName = "orders-reserved-dead";

    /// <summary>How long a publish may take. A later confirmation does no harm.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>The exchange. A message that finds no queue behind that of the workers is an error.</summary>
    public string Exchange { get; init; } = ExchangeName;

    /// <summary>Returns when the broker has the message durably in the queue.</summary>
    /// <param name="traces">The sampled requests among them.</param>
    /// <exception cref="Exception">The broker is down, refused, or has no such queue yet; the outbox still has the orders.</exception>
    public async Task PublishAsync(OrdersReserved message, IReadOnlyList<TracedOrder>? traces = null)
    {
        // Never a cancellable token: a cancelled publish leaves the client's channel unusable.
        var (traceText, signed) = (OrderTraces.Text(traces), signature.Sign(message));
        var endpoint = await bus.GetSendEndpoint(_address ??= new Uri("exchange:" + Exchange)).WaitAsync(Timeout);
        await endpoint.Send(message, context =>
        {
            if (context.TryGetPayload<RabbitMqSendContext>(out var rabbit))
            {
                rabbit.Mandatory = Exchange == ExchangeName;
            }

            context.Headers.Set(MessageSignature.Header, signed);
            if (traceText is not null)
            {
                OrderTraces.Write(context.Headers, traceText);
            }
        }).WaitAsync(Timeout);
    }
}
