using System.Text.Json;
using RabbitMQ.Client;
using Seckill.Shared.Connections;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: a worker that finds its queue declared with other arguments, by another version, says which queue and what to do. The broker
/// refuses such a queue, the worker consumes nothing, and without a word every order would wait in the outbox.
/// </summary>
public sealed class ForeignQueueTests(ITestOutputHelper output)
{
    private const string Queue = OrdersReservedPublisher.QueueName;

    [Fact]
    public async Task A_worker_names_a_queue_that_the_broker_refuses_is_not_ready_and_goes_on_when_it_is_gone()
    {
        await using var installation = new Installation();
        try
        {
            await UseAsync(async channel =>
            {
                await channel.QueueDeleteAsync(Queue);
                await channel.QueueDeclareAsync(
                    Queue, durable: true, exclusive: false, autoDelete: false,
                    new Dictionary<string, object?>
                    {
                        ["x-queue-type"] = "quorum", ["x-delivery-limit"] = 5,
                        ["x-dead-letter-exchange"] = OrdersReservedPublisher.DeadLetterQueueName,
                    });
            });
            var worker = installation.StartWorker();
            await worker.ListensAsync();

            using var http = new HttpClient();
            var detail = "";
            await Eventually.IsTrueAsync("readiness names the queue", async () =>
            {
                using var answer = await http.GetAsync(new Uri(worker.Url, "/health/ready"));
                using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
                var check = json.RootElement.GetProperty("checks").EnumerateArray()
                    .Single(one => one.GetProperty("name").GetString() == "queue");
                if (detail != (detail = check.GetProperty("detail").GetString() ?? ""))
                {
                    output.WriteLine(detail);
                }

                return (int)answer.StatusCode == 503 && check.GetProperty("status").GetString() == "unhealthy"
                    && detail.Contains("is refused", StringComparison.Ordinal);
            });
            Assert.Contains(Queue, detail, StringComparison.Ordinal);
            Assert.Contains("x-delivery-limit", detail, StringComparison.Ordinal);
            Assert.Contains("delete the queue", detail, StringComparison.Ordinal);
            await worker.WritesAsync($"The broker refuses queue {Queue}");

            await UseAsync(channel => channel.QueueDeleteAsync(Queue));
            await worker.BecomesAsync(200);
        }
        finally
        {
            // The next worker makes its own.
            await UseAsync(channel => channel.QueueDeleteAsync(Queue));
        }
    }

    // Broken by a worker that waits for a person at each upgrade from a version with another kind of dead-letter queue.
    [Fact]
    public async Task A_worker_replaces_the_empty_dead_letter_queue_of_another_version()
    {
        await using var installation = new Installation();
        await UseAsync(async channel =>
        {
            await channel.QueueDeleteAsync(OrdersReservedPublisher.DeadLetterQueueName);
            await channel.QueueDeclareAsync(
                OrdersReservedPublisher.DeadLetterQueueName, durable: true, exclusive: false, autoDelete: false);
        });
        var worker = installation.StartWorker();
        await worker.ListensAsync();
        await worker.BecomesAsync(200);
        await worker.WritesAsync("Deleted queue " + OrdersReservedPublisher.DeadLetterQueueName);
    }

    private static async Task UseAsync(Func<IChannel, Task> action)
    {
        var factory = new ConnectionFactory { Uri = new Uri(Servers.Given(Servers.RabbitMqSetting)) };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await action(channel);
    }
}
