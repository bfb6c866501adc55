using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Connections;

/// <summary>A queue at one instant.</summary>
/// <param name="Messages">Ready messages, which no consumer has taken.</param>
/// <param name="Consumers">Consumers of the queue.</param>
public readonly record struct QueueState(long Messages, long Consumers);

/// <summary>
/// Asks RabbitMQ questions, on one connection of its own that it keeps and one question at a time. A bus that only sends notices the loss
/// of its broker at the next message, and a frozen broker at the next heartbeat; readiness must know sooner.
/// </summary>
public sealed class BrokerClient(Uri address) : IAsyncDisposable
{
    private readonly ConnectionFactory _factory = new()
    {
        Uri = address,
        ClientProvidedName = $"questions-{AppDomain.CurrentDomain.FriendlyName}-{ProcessName.Unique}",
        AutomaticRecoveryEnabled = false,
        RequestedHeartbeat = TimeSpan.FromSeconds(5),
        RequestedConnectionTimeout = StoreHealth.Timeout,
        ContinuationTimeout = StoreHealth.Timeout,
    };

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private IConnection? _connection;
    private IChannel? _channel;

    /// <summary>True when the broker answers within <see cref="StoreHealth.Timeout"/>.</summary>
    public async Task<bool> AnswersAsync() => await AskAsync(async channel =>
    {
        // Every broker has this exchange, so the question changes nothing and needs an answer.
        await channel.ExchangeDeclarePassiveAsync("amq.direct");
        return true;
    }) is true;

    /// <summary>A queue now. Zeros when the broker has no such queue, as before the first worker.</summary>
    /// <param name="name">Of the queue.</param>
    /// <returns>Null when the broker does not answer within <see cref="StoreHealth.Timeout"/>.</returns>
    public Task<QueueState?> FindQueueAsync(string name) => AskAsync(async channel =>
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

    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        _oneAtATime.Dispose();
    }

    private async Task<T?> AskAsync<T>(Func<IChannel, Task<T>> question)
        where T : struct
    {
        if (!await _oneAtATime.WaitAsync(StoreHealth.Timeout))
        {
            return null;
        }

        var answer = AnswerAsync(question);
        // The semaphore is released when the question ends, however long that takes; the caller does not wait that long.
        _ = answer.ContinueWith(_ => _oneAtATime.Release(), TaskScheduler.Default);
        try
        {
            return await answer.WaitAsync(StoreHealth.Timeout);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private async Task<T?> AnswerAsync<T>(Func<IChannel, Task<T>> question)
        where T : struct
    {
        try
        {
            if (_connection is not { IsOpen: true })
            {
                await DropAsync();
                _connection = await _factory.CreateConnectionAsync();
            }

            if (_channel is not { IsOpen: true })
            {
                _channel = await _connection.CreateChannelAsync();
            }

            return await question(_channel);
        }
        catch (Exception exception) when (IsLoss(exception))
        {
            await DropAsync();
            return null;
        }
    }

    private async Task DropAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        if (connection is not null)
        {
            try
            {
                await connection.AbortAsync(Constants.ReplySuccess, "no answer", StoreHealth.Timeout);
                await connection.DisposeAsync();
            }
            catch (Exception exception) when (IsLoss(exception))
            {
                // It was broken already, which is why it is dropped.
            }
        }
    }

    private static bool IsLoss(Exception exception) =>
        exception is RabbitMQClientException or OperationCanceledException or TimeoutException or IOException;
}
