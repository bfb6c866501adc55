namespace Seckill.OrderService.OrderEvents;

/// <summary>Changes of orders, streamed to their buyers.</summary>
internal static class OrderEventsFeature
{
    public static void AddOrderEvents(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<EventOptions>("Events");
        builder.Services.AddSingleton<OrderEventHub>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<OrderEventHub>());
    }
}
