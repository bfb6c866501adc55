using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Seckill.OrderService.Orders;

/// <summary>(6)(7) Orders in PostgreSQL: placed from the queue, read, cancelled, expired, quarantined.</summary>
internal static class OrdersFeature
{
    public static void AddOrders(this WebApplicationBuilder builder, Role role)
    {
        builder.Services.AddSingleton<OrderPlacement>();
        builder.Services.AddSingleton<OrderClosing>();
        builder.Services.AddSingleton<OrderQuarantine>();
        if (role.HasFlag(Role.Api))
        {
            builder.Services.AddValidatedOptions<OrderReadOptions>("OrderReads");
            builder.Services.AddSingleton<OrderRows>();
            builder.Services.AddSingleton<OrderReader>();
            builder.Services.AddSingleton<OrderList>();
            builder.Services.AddSingleton<PlacementOnDemand>();
        }

        if (!role.HasFlag(Role.Worker))
        {
            builder.AddMessaging();
            return;
        }

        builder.Services.AddValidatedOptions<PersistenceOptions>("Persistence");
        builder.Services.AddValidatedOptions<ExpiryOptions>("Expiry");
        builder.Services.AddSingleton<SaleActivity>();
        builder.Services.AddHostedService<OrderExpiry>();
        builder.Services.AddSingleton<UnsignedMessages>();
        builder.Services.AddSingleton<OrderPersistence>();
        builder.Services.AddSingleton<PlacementQueue>();
        builder.Services.AddSingleton<QueueCheck>();
        builder.Services.AddHealthChecks().AddCheck<QueueCheck>(
            "queue", role == Role.Worker ? HealthStatus.Unhealthy : HealthStatus.Degraded);
        builder.AddMessaging(bus => bus.AddConsumer<OrdersReservedConsumer>(), WorkerEndpoint.Configure);
        // After the bus, so that it stops before: it must not start the consumer of a bus that stops.
        builder.Services.AddSingleton<ConsumerPause>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ConsumerPause>());
    }
}
