using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.Orders;
using Seckill.Shared.Connections;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: a worker whose bus makes no attempt to consume, and reports no failure of one, starts it again, although RabbitMQ and its
/// connection are well. RabbitMQ.Client loses the broker's refusal of a queue now and then. Here the bus was never started, which looks
/// the same.
/// </summary>
public sealed class SilentBusTests
{
    [Fact]
    public async Task A_bus_that_makes_no_attempt_to_consume_is_started_again()
    {
        var clock = new FakeTimeProvider();
        var queue = new QueueCheck(clock, NullLogger<QueueCheck>.Instance);
        var address = new Uri(Servers.RabbitMqConnection);
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(address);
            rabbit.ReceiveEndpoint($"silent-{Guid.NewGuid():N}", endpoint =>
            {
                endpoint.AutoDelete = true;
                endpoint.ConnectReceiveEndpointObserver(queue);
            });
        });
        await using var services = new ServiceCollection().AddSingleton(bus).BuildServiceProvider();
        await using var broker = new BrokerClient(address);
        using var pause = new ConsumerPause(
            queue, Servers.Orders, Servers.Redis, broker, services, Microsoft.Extensions.Options.Options.Create(new PersistenceOptions()), clock,
            NullLogger<ConsumerPause>.Instance);
        await pause.StartAsync(TestContext.Current.CancellationToken);
        try
        {
            await Eventually.IsTrueAsync("the queue is consumed", async () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return (await queue.CheckHealthAsync(Context(queue))).Status == HealthStatus.Healthy;
            });
            Assert.Equal(TimeSpan.Zero, queue.Silence);
        }
        finally
        {
            await pause.StopAsync(CancellationToken.None);
            await bus.StopAsync(CancellationToken.None);
        }
    }

    private static HealthCheckContext Context(QueueCheck queue) =>
        new() { Registration = new HealthCheckRegistration("queue", queue, HealthStatus.Unhealthy, null) };
}
