using Seckill.OrderService.Ordering;
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
        services.AddSingleton<OrderReader>();
        services.AddSingleton<SaleReader>();
    }

    public static void AddReservations(this IServiceCollection services)
    {
        services.AddValidatedOptions<ReservationOptions>("Reservations");
        services.AddValidatedOptions<RelayOptions>("Relay");
        services.AddSingleton<OutboxRelay>();
        services.AddSingleton<ReservationBatcher>();
        services.AddHostedService(provider => provider.GetRequiredService<ReservationBatcher>());
    }

    public static void AddPersistence(this IServiceCollection services)
    {
        services.AddValidatedOptions<PersistenceOptions>("Persistence");
        services.AddSingleton<OrderStore>();
    }
}
