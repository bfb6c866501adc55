using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Connections;

/// <summary>One connection to RabbitMQ with one channel, made when it is needed; one question at a time.</summary>
internal sealed class BrokerLine(BrokerAddress address, string purpose, CreateChannelOptions? options = null, TimeSpan? timeout = null)
    : IAsyncDisposable
{
    private readonly TimeSpan _timeout = timeout ?? StoreHealth.Timeout;

    private readonly ConnectionFactory _factory = Factory(address, purpose);
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private volatile IConnection? _connection;
    private volatile string? _blockedBy;
    private IChannel? _channel;

    /// <summary>Why the broker reads nothing from this connection; null while it does, and without a connection.</summary>
    public string? BlockedBy => _connection is { IsOpen: true } ? _blockedBy : null;

    /// <summary>The answer; null when there is none within the timeout, <see cref="StoreHealth.Timeout"/> unless it has another.</summary>
    public async Task<T?> AskAsync<T>(Func<IChannel, Task<T>> question)
        where T : struct
    {
        if (!await _oneAtATime.WaitAsync(_timeout))
        {
            return null;
        }

        var answer = AnswerAsync(question);
        // The semaphore is released when the question ends, however long that takes; the caller does not wait that long.
        _ = answer.ContinueWith(_ => _oneAtATime.Release(), TaskScheduler.Default);
        try
        {
            return await answer.WaitAsync(_timeout);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        _oneAtATime.Dispose();
    }

    private static ConnectionFactory Factory(BrokerAddress address, string purpose)
    {
        var factory = new ConnectionFactory
        {
            ClientProvidedName = $"{purpose}-{AppDomain.CurrentDomain.FriendlyName}-{ProcessName.Unique}",
            AutomaticRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(5),
            RequestedConnectionTimeout = StoreHealth.Timeout,
            ContinuationTimeout = StoreHealth.Timeout,
        };
        address.Configure(factory);
        return factory;
    }

    private async Task<T?> AnswerAsync<T>(Func<IChannel, Task<T>> question)
        where T : struct
    {
        try
        {
            if (_connection is not { IsOpen: true })
            {
                await DropAsync();
                _connection = await ConnectAsync();
            }

            if (_channel is not { IsOpen: true })
            {
                _channel = await _connection.CreateChannelAsync(options);
            }

            return await question(_channel);
        }
        catch (Exception exception) when (IsLoss(exception))
        {
            await DropAsync();
            return null;
        }
    }

    private async Task<IConnection> ConnectAsync()
    {
        var connection = await _factory.CreateConnectionAsync();
        connection.ConnectionBlockedAsync += (_, alarm) => Set(alarm.Reason);
        connection.ConnectionUnblockedAsync += (_, _) => Set(null);
        return connection;

        Task Set(string? reason)
        {
            _blockedBy = reason;
            return Task.CompletedTask;
        }
    }

    private async Task DropAsync()
    {
        var connection = _connection;
        (_connection, _channel, _blockedBy) = (null, null, null);
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
        exception is RabbitMQClientException or OperationCanceledException or TimeoutException or IOException
            // RabbitMQ.Client, when the broker closes the channel at the wrong moment
            or ObjectDisposedException;
}
