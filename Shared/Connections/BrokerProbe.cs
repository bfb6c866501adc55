using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Connections;

/// <summary>
/// Asks RabbitMQ for an answer, on a connection of its own. A bus that only sends notices the loss of its broker at the next
/// message, and a broker that froze at the next heartbeat; readiness must know sooner.
/// </summary>
public sealed class BrokerProbe(Uri address) : IAsyncDisposable
{
    private readonly ConnectionFactory _factory = new()
    {
        Uri = address,
        ClientProvidedName = $"health-{AppDomain.CurrentDomain.FriendlyName}-{ProcessName.Unique}",
        AutomaticRecoveryEnabled = false,
        RequestedHeartbeat = TimeSpan.FromSeconds(5),
        RequestedConnectionTimeout = StoreHealth.Patience,
        ContinuationTimeout = StoreHealth.Patience,
    };

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private IConnection? _connection;
    private IChannel? _channel;

    /// <summary>True when the broker answered within <see cref="StoreHealth.Patience"/>.</summary>
    public async Task<bool> AnswersAsync()
    {
        if (!await _oneAtATime.WaitAsync(StoreHealth.Patience))
        {
            return false;
        }

        var asking = AskAsync();
        // The semaphore goes back when the question is over, however long it takes; who asked does not wait that long.
        _ = asking.ContinueWith(_ => _oneAtATime.Release(), TaskScheduler.Default);
        try
        {
            return await asking.WaitAsync(StoreHealth.Patience);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        _oneAtATime.Dispose();
    }

    private async Task<bool> AskAsync()
    {
        try
        {
            if (_channel is not { IsOpen: true })
            {
                await DropAsync();
                _connection = await _factory.CreateConnectionAsync();
                _channel = await _connection.CreateChannelAsync();
            }

            // Every broker has this exchange, so asking for it changes nothing and needs an answer.
            await _channel.ExchangeDeclarePassiveAsync("amq.direct");
            return true;
        }
        catch (Exception exception) when (IsLoss(exception))
        {
            await DropAsync();
            return false;
        }
    }

    private async Task DropAsync()
    {
        var (connection, _) = (_connection, _channel);
        (_connection, _channel) = (null, null);
        if (connection is not null)
        {
            try
            {
                await connection.AbortAsync(Constants.ReplySuccess, "no answer", StoreHealth.Patience);
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
