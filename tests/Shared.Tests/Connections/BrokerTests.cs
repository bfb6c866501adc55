using System.Net;
using System.Net.Sockets;
using RabbitMQ.Client;
using Seckill.Shared.Connections;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// The one place that asks the broker: readiness, sweeper, metrics, dashboard and rebuild rely on its answers. Broken by a question that
/// leaves it without a channel, by a broker that hangs and blocks the caller, and by answers of before the loss.
/// </summary>
public sealed class BrokerTests
{
    [Fact]
    public async Task A_queue_has_its_messages_and_consumers_and_a_missing_queue_has_none()
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(Servers.RabbitMqConnection) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var queue = (await channel.QueueDeclareAsync("", durable: false, exclusive: false, autoDelete: true)).QueueName;
        await channel.BasicPublishAsync("", queue, ReadOnlyMemory<byte>.Empty);
        await channel.BasicPublishAsync("", queue, ReadOnlyMemory<byte>.Empty);
        await using var broker = new BrokerClient(BrokerAddress.Parse(Servers.RabbitMqConnection));
        await Eventually.IsTrueAsync(
            "the queue has two messages and no consumer", async () => await broker.FindQueueAsync(queue) == new QueueState(2, 0));

        // A wrong name closes the channel of the question, and must not cost the next question its answer.
        Assert.Equal(new QueueState(0, 0), await broker.FindQueueAsync(queue + "-missing").InTime());
        Assert.Equal(new QueueState(2, 0), await broker.FindQueueAsync(queue).InTime());
        Assert.True(await broker.AnswersAsync().InTime());
        await channel.QueueDeleteAsync(queue);
    }

    [Fact]
    public async Task A_queue_with_other_arguments_is_refused_in_the_brokers_words_and_the_same_arguments_are_not()
    {
        var queue = $"refusal-{Guid.NewGuid():N}";
        await using var connection = await new ConnectionFactory { Uri = new Uri(Servers.RabbitMqConnection) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        Dictionary<string, object?> own = new() { ["x-queue-type"] = "quorum", ["x-delivery-limit"] = 5 };
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, own);
        await using var broker = new BrokerClient(BrokerAddress.Parse(Servers.RabbitMqConnection));

        var other = new Dictionary<string, object?>(own) { ["x-delivery-limit"] = 6 };
        var refusal = (await broker.DeclareQueueAsync(queue, other).InTime())?.Refusal;
        Assert.Contains("x-delivery-limit", refusal, StringComparison.Ordinal);
        // The refusal closes the channel of the question.
        Assert.Equal(new QueueDeclaration(null), await broker.DeclareQueueAsync(queue, own).InTime());
        Assert.True(await broker.AnswersAsync().InTime());
        await channel.QueueDeleteAsync(queue);
    }

    [Fact]
    public async Task Questions_at_once_are_all_answered()
    {
        await using var broker = new BrokerClient(BrokerAddress.Parse(Servers.RabbitMqConnection));
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => broker.AnswersAsync())).InTime();
        Assert.All(answers, Assert.True);
    }

    // The order of the hosts is drawn, so once proves little.
    [Fact]
    public async Task Of_several_hosts_one_may_be_dead()
    {
        var (scheme, rest) = Servers.RabbitMqConnection.Split("@") is [var before, var after] ? (before, after) : default;
        for (var i = 0; i < 10; i++)
        {
            await using var broker = new BrokerClient(BrokerAddress.Parse($"{scheme}@127.0.0.1:1,{rest}"));
            Assert.True(await broker.AnswersAsync().InTime());
        }
    }

    [Fact]
    public async Task A_broker_that_is_down_or_hangs_gives_no_answer_and_blocks_no_caller()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using var broker = new BrokerClient(BrokerAddress.Parse($"amqp://guest:guest@127.0.0.1:{port}"));
        var answers = Task.WhenAll(broker.AnswersAsync(), broker.AnswersAsync());
        // One waits for the answer, the other for its turn: each for a second at most.
        Assert.All(await answers.WaitAsync(3 * StoreHealth.Timeout), Assert.False);
        Assert.Null(await broker.FindQueueAsync("orders-reserved").InTime());
        silent.Stop();
        Assert.False(await broker.AnswersAsync().InTime());
    }
}
