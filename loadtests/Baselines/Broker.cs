using RabbitMQ.Client;

namespace Seckill.Baselines;

/// <summary>One connection to RabbitMQ, a few channels that publish with confirms, and a quorum queue.</summary>
internal sealed class Broker(Uri address) : IAsyncDisposable
{
    /// <summary>The queue of reserved orders.</summary>
    public const string QueueName = "baseline-orders";

    // More channels do not make it faster: confirms of one channel overlap as well.
    private const int Channels = 4;
    private static readonly BasicProperties s_properties = new() { Persistent = true, ContentType = "application/json" };
    private readonly SemaphoreSlim _opening = new(1, 1);
    private IConnection? _connection;
    private IChannel[]? _channels;
    private int _next;

    /// <summary>A channel to consume from, with the queue declared.</summary>
    /// <param name="concurrency">Messages that are handled at once.</param>
    public async Task<IChannel> OpenConsumerAsync(ushort concurrency)
    {
        await OpenAsync();
        return await _connection!.CreateChannelAsync(new CreateChannelOptions(
            publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false, consumerDispatchConcurrency: concurrency));
    }

    /// <summary>Ends when the broker has the message in the quorum queue.</summary>
    public async Task PublishAsync(byte[] body)
    {
        var channels = _channels ?? await OpenAsync();
        var channel = channels[(uint)Interlocked.Increment(ref _next) % Channels];
        await channel.BasicPublishAsync("", QueueName, mandatory: true, s_properties, body);
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        _opening.Dispose();
    }

    private async Task<IChannel[]> OpenAsync()
    {
        await _opening.WaitAsync();
        try
        {
            if (_channels is not null)
            {
                return _channels;
            }

            _connection = await new ConnectionFactory { Uri = address }.CreateConnectionAsync();
            var channels = new IChannel[Channels];
            for (var i = 0; i < Channels; i++)
            {
                channels[i] = await _connection.CreateChannelAsync(new CreateChannelOptions(
                    publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true,
                    // The default would let 128 unconfirmed messages wait; nothing here should be the limit but the broker.
                    outstandingPublisherConfirmationsRateLimiter: new ThrottlingRateLimiter(4096)));
            }

            await channels[0].QueueDeclareAsync(
                QueueName, durable: true, exclusive: false, autoDelete: false,
                new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
            return _channels = channels;
        }
        finally
        {
            _opening.Release();
        }
    }
}
