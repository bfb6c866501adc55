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
            builder.Services.AddSingleton<OrderReader>();
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
        builder.Services.AddSingleton<QueueCheck>();
        builder.Services.AddHealthChecks().AddCheck<QueueCheck>(
            "queue", role == Role.Worker ? HealthStatus.Unhealthy : HealthStatus.Degraded);
        builder.AddMessaging(bus => bus.AddConsumer<OrdersReservedConsumer>(), WorkerEndpoint.Configure);
    }
}
