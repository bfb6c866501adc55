using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Connections;

/// <summary>A queue at one instant.</summary>
/// <param name="Messages">Ready messages, which no consumer has taken.</param>
/// <param name="Consumers">Consumers of the queue.</param>
public readonly record struct QueueState(long Messages, long Consumers);

/// <summary>The broker's answer to a declaration.</summary>
/// <param name="Refusal">Why it refuses it, in its words, because a queue of this name has other arguments; null when it does not.</param>
public readonly record struct QueueDeclaration(string? Refusal);

/// <summary>
/// Asks RabbitMQ questions, on connections of its own that it keeps. A bus that only sends notices the loss of its broker at the next
/// message, and a frozen broker at the next heartbeat; readiness must know sooner.
/// </summary>
public sealed class BrokerClient(BrokerAddress address) : IAsyncDisposable
{
    /// <summary>
    /// An exchange that every broker has and to which no queue of Seckill is bound: the broker confirms a message and drops it. Not the
    /// default exchange, which leads to every queue.
    /// </summary>
    public const string NoQueue = "amq.fanout";

    private readonly BrokerLine _questions = new(address, "questions");

    // Of its own: an alarm of the broker blocks a connection that publishes, and then its questions get no answer.
    private readonly BrokerLine _publishes = new(address, "probes", new CreateChannelOptions(true, true));
    private volatile bool _mayNotPublish;

    /// <summary>True when the broker answers within <see cref="StoreHealth.Timeout"/>.</summary>
    public async Task<bool> AnswersAsync() => await _questions.AskAsync(async channel =>
    {
        // Every broker has this exchange, so the question changes nothing and needs an answer.
        await channel.ExchangeDeclarePassiveAsync("amq.direct");
        return true;
    }) is true;

    /// <summary>A queue now. Zeros when the broker has no such queue, as before the first worker.</summary>
    /// <param name="name">Of the queue.</param>
    /// <returns>Null when the broker does not answer within <see cref="StoreHealth.Timeout"/>.</returns>
    public Task<QueueState?> FindQueueAsync(string name) => _questions.AskAsync(async channel =>
    {
        try
        {
            var queue = await channel.QueueDeclarePassiveAsync(name);
            return new QueueState(queue.MessageCount, queue.ConsumerCount);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            // The broker has closed the channel over the question; the next question opens another.
            return default;
        }
    });

    /// <summary>Declares a durable queue.</summary>
    /// <param name="name">Of the queue.</param>
    /// <param name="arguments">Of its declaration.</param>
    /// <returns>Null when the broker does not answer.</returns>
    public Task<QueueDeclaration?> DeclareQueueAsync(string name, IDictionary<string, object?> arguments) =>
        _questions.AskAsync(async channel =>
        {
            try
            {
                await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, arguments);
                return default(QueueDeclaration);
            }
            catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.PreconditionFailed)
            {
                return new QueueDeclaration(exception.ShutdownReason.ReplyText);
            }
        });

    /// <summary>Deletes a queue that has neither a message nor a consumer.</summary>
    /// <returns>False when it has one, and when the broker does not answer.</returns>
    public async Task<bool> DeleteUnusedAsync(string name)
    {
        var isDeleted = false;
        await _questions.AskAsync(async channel =>
        {
            try
            {
                await channel.QueueDeleteAsync(name, ifUnused: true, ifEmpty: true);
                isDeleted = true;
            }
            catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.PreconditionFailed)
            {
                // It is used.
            }

            return true;
        });
        return isDeleted;
    }

    /// <summary>
    /// Why the broker takes no messages, in its words: "low on memory", "low on disk". Under such an alarm it answers every question and
    /// reads nothing more from a connection that publishes. So this publishes an empty message that finds no queue; the broker confirms and
    /// drops it.
    /// </summary>
    /// <returns>Null when it takes them, does not answer, or does not let this user publish to <c>amq.fanout</c>.</returns>
    public async Task<string?> BlockedByAsync()
    {
        if (_publishes.BlockedBy is null && !_mayNotPublish)
        {
            await _publishes.AskAsync(async channel =>
            {
                try
                {
                    await channel.BasicPublishAsync(NoQueue, "", ReadOnlyMemory<byte>.Empty);
                }
                catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.AccessRefused)
                {
                    _mayNotPublish = true;
                }

                return true;
            });
        }

        return _publishes.BlockedBy;
    }

    public async ValueTask DisposeAsync()
    {
        await _questions.DisposeAsync();
        await _publishes.DisposeAsync();
    }
}
