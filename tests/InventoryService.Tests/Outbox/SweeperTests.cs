using System.Reflection;
using MassTransit;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Seckill.InventoryService.Outbox;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Connections;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Outbox;

/// <summary>
/// Promise: no outage ends the sweeper, which would end its process. Broken by the cancellation that the broker's client throws at a
/// time-out of its own, when it is taken for the stop of the process. What really happens in outages is in the scenarios.
/// </summary>
public sealed class SweeperTests
{
    [Fact]
    public async Task A_cancellation_that_nobody_asked_for_does_not_end_it()
    {
        var item = await TestItem.OpenEverywhereAsync();
        await item.ReserveAsync(new Ask(7, 1));
        var bus = DispatchProxy.Create<IBus, Canceller>();
        await using var broker = new BrokerClient(BrokerAddress.Parse(Servers.RabbitMqConnection));
        using var items = new ActiveItems(Servers.Orders, new SaleCatalog(Servers.Redis), TimeProvider.System);
        using var sweeper = new OutboxSweeper(
            TestItem.Ledger, items, broker, new OrdersReservedPublisher(bus, new MessageSignature(DevelopmentKeys.Ops)),
            Options.Create(new SweeperOptions { IntervalMilliseconds = 10, MinimumAgeMilliseconds = 0, LongestPauseMilliseconds = 10 }),
            TimeProvider.System, NullLogger<OutboxSweeper>.Instance);
        await sweeper.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync("it has tried again", () => sweeper.ExecuteTask!.IsCompleted || ((Canceller)bus).Calls > 2);
        Assert.False(sweeper.ExecuteTask!.IsCompleted, sweeper.ExecuteTask.Exception?.ToString());
        await sweeper.StopAsync(CancellationToken.None).InTime();
    }

    /// <summary>A bus whose every call is cancelled.</summary>
    public class Canceller : DispatchProxy
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Interlocked.Increment(ref _calls);
            throw new TaskCanceledException();
        }
    }
}
