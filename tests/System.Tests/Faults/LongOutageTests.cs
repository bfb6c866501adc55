using System.Diagnostics;
using Seckill.Shared.Connections;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: an outage of PostgreSQL of any length only delays orders, also one that is longer than RabbitMQ waits for an acknowledgement
/// (consumer_timeout). Broken by a worker that keeps its messages until the broker closes its channel, and by one that gives them back
/// and takes them again while PostgreSQL is down: each round counts as a delivery, and after 20 the broker dead-letters good messages.
/// A broker of its own, which waits for seconds where others wait for half an hour.
/// </summary>
public sealed class LongOutageTests(StoreConnections servers, ITestOutputHelper output)
{
    private const int ConsumerTimeoutSeconds = 20;

    // Side by side, because each of them mostly waits.
    [Fact]
    public Task A_worker_gives_its_messages_back_before_the_broker_takes_them_and_waits_for_PostgreSQL() =>
        Task.WhenAll(SufferAsync("refused"), SufferAsync("frozen"));

    private async Task SufferAsync(string how)
    {
        await using var broker = await OwnRabbitMq.StartAsync(ConsumerTimeoutSeconds);
        await using var installation = new Installation();
        var postgres = installation.RelayToPostgres();
        var worker = installation.StartWorker(
            broker.Setting, postgres.Setting, ("Persistence__LongestRetrySeconds", "3"), ("Persistence__Prefetch", "2"));
        var (api, inventory) = (installation.StartApi(broker.Setting), installation.StartInventory(broker.Setting));
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 1_000);
        using var buyers = new Buyers(sale);
        await buyers.ClickAsync(api, buyers.NewUser());
        await Audit.DrainedAsync(servers, sale);

        var since = Stopwatch.GetTimestamp();
        if (how == "refused")
        {
            postgres.Refuse();
        }
        else
        {
            postgres.Freeze();
        }

        for (var order = 0; order < 20; order++)
        {
            // One after the other, so that they are messages of their own, more than the worker handles at once.
            await buyers.ClickAsync(api, buyers.NewUser());
        }

        await Eventually.IsTrueAsync("the worker consumes nothing", async () =>
            (await broker.CountAsync(OrdersReservedPublisher.QueueName)).Consumers == 0);
        output.WriteLine($"PostgreSQL {how}: paused after {Stopwatch.GetElapsedTime(since)}.");
        // Twice as long as the broker waits.
        await Eventually.IsTrueAsync(
            "the outage is long", () => Stopwatch.GetElapsedTime(since).TotalSeconds > 2 * ConsumerTimeoutSeconds);
        Assert.DoesNotContain("timed out", broker.Log, StringComparison.Ordinal);
        Assert.Equal(0, (await broker.CountAsync(OrdersReservedPublisher.QueueName)).Consumers);
        Assert.InRange(await broker.DeliveriesAsync(), 0, 1);

        postgres.Resume();
        await worker.BecomesAsync(200, "healthy");
        await Audit.WhenDrainedAsync(servers, buyers);
        await Eventually.IsTrueAsync(
            "the queue is empty", async () => await broker.CountAsync(OrdersReservedPublisher.QueueName) is (0, 1));
        Assert.Equal(0, (await broker.CountAsync(OrdersReservedPublisher.DeadLetterQueueName)).Ready);
        Assert.DoesNotContain("timed out", broker.Log, StringComparison.Ordinal);
    }
}
