using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Connections;
using Seckill.Shared.Telemetry;

namespace Seckill.InventoryService.Backlog;

/// <summary>Messages at the broker.</summary>
/// <param name="Waiting">For the workers.</param>
/// <param name="Dead">That no worker could consume.</param>
internal sealed record QueueDepth(long Waiting, long Dead);

/// <summary>How many messages wait for the workers, and how many none could consume. Keeps its connection; asked by one caller.</summary>
internal sealed class QueueDepths(Uri address) : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly ConnectionFactory _factory = new()
    {
        Uri = address, ClientProvidedName = $"queue-depths-{ProcessName.Unique}", AutomaticRecoveryEnabled = false,
        RequestedHeartbeat = TimeSpan.FromSeconds(5), RequestedConnectionTimeout = s_patience, ContinuationTimeout = s_patience,
    };

    private IConnection? _connection;
    private IChannel? _channel;

    /// <summary>Both; null when the broker does not say, or has no such queue yet.</summary>
    public async Task<QueueDepth?> AskAsync()
    {
        try
        {
            if (_channel is not { IsOpen: true })
            {
                await DropAsync();
                _connection = await _factory.CreateConnectionAsync();
                _channel = await _connection.CreateChannelAsync();
            }

            return new QueueDepth(
                await _channel.MessageCountAsync(OrdersReservedPublisher.QueueName),
                await _channel.MessageCountAsync(OrdersReservedPublisher.DeadLetterQueueName));
        }
        catch (Exception exception) when (IsLoss(exception))
        {
            await DropAsync();
            return null;
        }
    }

    public async ValueTask DisposeAsync() => await DropAsync();

    private async Task DropAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        if (connection is not null)
        {
            try
            {
                await connection.AbortAsync(Constants.ReplySuccess, "no answer", s_patience);
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
