namespace Seckill.OrderService.Reservations;

/// <summary>(2)(3)(5) Batches of requests to Redis, and their orders on to RabbitMQ.</summary>
internal static class ReservationsFeature
{
    public static void AddReservations(this IHostApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<ReservationOptions>("Reservations");
        builder.Services.AddValidatedOptions<RelayOptions>("Relay");
        builder.Services.AddSingleton(ReservationMetrics.OfSales);
        builder.Services.AddSingleton<HoldFinder>();
        builder.Services.AddSingleton<WarmItems>();
        builder.Services.AddSingleton<OutboxRelay>();
        builder.Services.AddSingleton<ReservationBatcher>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ReservationBatcher>());
    }
}
