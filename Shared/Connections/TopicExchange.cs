using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Seckill.Shared.Connections;

/// <summary>
/// A durable topic exchange, declared when it is first used. Messages are sent one after the other on one channel, so they arrive in their
/// order, and are confirmed together. A message that finds no queue is dropped: consumers come and go.
/// </summary>
public sealed class TopicExchange(BrokerAddress address, string name) : IAsyncDisposable
{
    // Longer than a question: a batch waits for the broker's disk.
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5);

    // Confirms are counted here: the client's own tracking waits for each message before it sends the next.
    private readonly BrokerLine _line = new(address, "events", new CreateChannelOptions(true, false), s_timeout);
    private IChannel? _channel;
    private volatile Confirms? _confirms;

    /// <summary>True when the broker has confirmed them all. When not, it may have any number of them.</summary>
    public async Task<bool> PublishAsync(IReadOnlyList<ConfirmedMessage> messages) =>
        await _line.AskAsync(async channel =>
        {
            if (!ReferenceEquals(channel, _channel))
            {
                await DeclareAsync(channel);
                _channel = channel;
            }

            var confirms = new Confirms(await channel.GetNextPublishSequenceNumberAsync(), messages.Count);
            _confirms = confirms;
            foreach (var message in messages)
            {
                await channel.BasicPublishAsync(
                    name, message.RoutingKey, mandatory: false,
                    new BasicProperties { MessageId = message.Id, ContentType = message.ContentType, Persistent = true }, message.Body);
            }

            await confirms.Done.WaitAsync(s_timeout);
            return true;
        }) is true;

    public ValueTask DisposeAsync() => _line.DisposeAsync();

    private async Task DeclareAsync(IChannel channel)
    {
        await channel.ExchangeDeclareAsync(name, ExchangeType.Topic, durable: true);
        channel.BasicAcksAsync += (_, ack) => Note(confirms => confirms.Confirm(ack.DeliveryTag, ack.Multiple));
        channel.BasicNacksAsync += (_, _) => Note(confirms => confirms.Fail("The broker refused a message."));
        channel.ChannelShutdownAsync += (_, reason) => Note(confirms => confirms.Fail(reason.ReplyText));
    }

    private Task Note(Action<Confirms> action)
    {
        if (_confirms is { } confirms)
        {
            action(confirms);
        }

        return Task.CompletedTask;
    }

    /// <summary>The confirms of messages with consecutive numbers, in any order.</summary>
    private sealed class Confirms(ulong first, int count)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly bool[] _has = new bool[count];
        private int _left = count;

        public Task Done => _done.Task;

        public void Fail(string reason) => _done.TrySetException(new IOException(reason));

        // The client raises its events one at a time.
        public void Confirm(ulong tag, bool multiple)
        {
            for (var number = multiple ? first : tag; number <= tag; number++)
            {
                if (number >= first && number - first < (ulong)_has.Length && !_has[number - first])
                {
                    _has[number - first] = true;
                    _left--;
                }
            }

            if (_left == 0)
            {
                _done.TrySetResult();
            }
        }
    }
}
