using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Connections;

namespace Seckill.InventoryService.Rebuild;

/// <summary>Tells how many messages wait for the workers. Asked only during a rebuild, on a connection of its own each time.</summary>
internal sealed class OrderQueue(Uri address)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly ConnectionFactory _factory = new()
    {
        Uri = address, ClientProvidedName = "rebuild", AutomaticRecoveryEnabled = false, RequestedConnectionTimeout = s_patience,
        ContinuationTimeout = s_patience,
    };

    /// <summary>Messages that no worker has taken yet; null when the broker does not say.</summary>
    public async Task<uint?> WaitingAsync()
    {
        try
        {
            await using var connection = await _factory.CreateConnectionAsync();
            await using var channel = await connection.CreateChannelAsync();
            return (await channel.QueueDeclarePassiveAsync(OrdersReservedPublisher.QueueName)).MessageCount;
        }
        catch (Exception exception) when (
            exception is RabbitMQClientException or OperationCanceledException or TimeoutException or IOException)
        {
            return null;
        }
    }
}
