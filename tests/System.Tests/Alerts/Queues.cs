using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Connections;

namespace Seckill.System.Tests.Alerts;

/// <summary>The queues that all tests share: emptied before, so that others' messages fire nothing, and after.</summary>
internal static class Queues
{
    public static async Task EmptyAsync()
    {
        foreach (var queue in (string[])[OrdersReservedPublisher.QueueName, OrdersReservedPublisher.DeadLetterQueueName])
        {
            try
            {
                await UseAsync(channel => channel.QueuePurgeAsync(queue));
            }
            catch (OperationInterruptedException)
            {
                // No worker has made it yet.
            }
        }
    }

    /// <summary>What no worker can read.</summary>
    public static Task SendGarbageAsync() => UseAsync(channel => channel.BasicPublishAsync(
        OrdersReservedPublisher.QueueName, "", mandatory: true, Encoding.UTF8.GetBytes("no message of ours")).AsTask());

    private static async Task UseAsync(Func<IChannel, Task> action)
    {
        var factory = new ConnectionFactory { Uri = new Uri(Servers.Given(Servers.RabbitMqSetting)) };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await action(channel);
    }
}
