using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.OrderService.Operations;
using Seckill.OrderService.Ordering;
using Seckill.OrderService.Payments;
using Seckill.OrderService.Persistence;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Hosting;

namespace Seckill.OrderService;

/// <summary>What each feature is made of.</summary>
internal static class Registrations
{
    public static void AddOrdering(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.AddValidatedOptions<RateLimitOptions>("RateLimits");
        var key = configuration.RequiredSecret(environment, "Auth:BuyerTokenKey", DevelopmentKeys.BuyerToken);
        services.AddSingleton(provider => new BuyerToken(key, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<BuyerGuard>();
        services.AddSingleton<WarmItems>();
        services.AddSingleton<PlaceOrderEndpoint>();
        services.AddSingleton<OrderReader>();
        services.AddSingleton<SaleReader>();
        services.AddValidatedOptions<EventOptions>("Events");
        services.AddSingleton<OrderEvents>();
        services.AddHostedService(provider => provider.GetRequiredService<OrderEvents>());
    }

    public static void AddReservations(this IServiceCollection services)
    {
        services.AddValidatedOptions<ReservationOptions>("Reservations");
        services.AddValidatedOptions<RelayOptions>("Relay");
        services.AddSingleton<HoldFinder>();
        services.AddSingleton<OutboxRelay>();
        services.AddSingleton<ReservationBatcher>();
        services.AddHostedService(provider => provider.GetRequiredService<ReservationBatcher>());
    }

    public static void AddQueueCheck(this IServiceCollection services, bool isEssential)
    {
        services.AddSingleton<QueueCheck>();
        services.AddHealthChecks().AddCheck<QueueCheck>("queue", isEssential ? HealthStatus.Unhealthy : HealthStatus.Degraded);
    }

    public static void AddPayments(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        var key = configuration.RequiredSecret(environment, "Payments:SigningKey", DevelopmentKeys.Payment);
        services.AddSingleton(provider => new PaymentSignature(key, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PaymentStore>();
        services.AddSingleton<PlacementOnDemand>();
    }

    public static void AddExpiry(this IServiceCollection services)
    {
        services.AddValidatedOptions<ExpiryOptions>("Expiry");
        services.AddSingleton<SaleActivity>();
        services.AddHostedService<OrderExpiry>();
    }

    public static void AddPulse(this IServiceCollection services, Role role)
    {
        services.AddSingleton<PulseCounters>();
        services.AddSingleton(new RoleName(role.ToString().ToLowerInvariant()));
        services.AddHostedService<PulseSender>();
    }
}
