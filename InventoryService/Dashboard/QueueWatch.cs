using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Connections;
using Seckill.Shared.Telemetry;

namespace Seckill.InventoryService.Dashboard;

/// <summary>What waits at the broker.</summary>
/// <param name="Waiting">Messages that no worker has taken; each has many orders.</param>
/// <param name="Consumers">Workers that listen.</param>
/// <param name="DeadLetters">Messages that no worker could consume.</param>
internal sealed record Queues(uint Waiting, uint Consumers, uint DeadLetters);

/// <summary>Asks RabbitMQ for its queues, on one connection that is kept while somebody looks at the dashboard.</summary>
internal sealed class QueueWatch(Uri address) : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly ConnectionFactory _factory = new()
    {
        Uri = address, ClientProvidedName = $"dashboard-{ProcessName.Unique}", AutomaticRecoveryEnabled = false,
        RequestedHeartbeat = TimeSpan.FromSeconds(5), RequestedConnectionTimeout = s_patience, ContinuationTimeout = s_patience,
    };

    private IConnection? _connection;
    private IChannel? _channel;

    /// <summary>The queues now; throws what the client library throws. One caller at a time.</summary>
    public async Task<Queues> ReadAsync()
    {
        try
        {
            var orders = await CountAsync(OrdersReservedPublisher.QueueName);
            var dead = await CountAsync(OrdersReservedPublisher.DeadLetterQueueName);
            return new Queues(orders.Messages, orders.Consumers, dead.Messages);
        }
        catch
        {
            await DropAsync();
            throw;
        }
    }

    /// <summary>Closes the connection; the next reading opens one.</summary>
    public async Task DropAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        if (connection is null)
        {
            return;
        }

        try
        {
            await connection.AbortAsync(Constants.ReplySuccess, "not needed", s_patience);
            await connection.DisposeAsync();
        }
        catch (Exception exception) when (
            exception is RabbitMQClientException or OperationCanceledException or TimeoutException or IOException)
        {
            // It was broken already.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await DropAsync();

    private async Task<(uint Messages, uint Consumers)> CountAsync(string queue)
    {
        _connection ??= await _factory.CreateConnectionAsync();
        if (_channel is not { IsOpen: true })
        {
            _channel = await _connection.CreateChannelAsync();
        }

        try
        {
            var found = await _channel.QueueDeclarePassiveAsync(queue);
            return (found.MessageCount, found.ConsumerCount);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            // Workers declare it; before the first one there is none. The broker has closed the channel over the question.
            return (0, 0);
        }
    }
}
