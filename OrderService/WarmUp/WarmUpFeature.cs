using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.OrderService.Storefront;

namespace Seckill.OrderService.WarmUp;

/// <summary>A process runs its hot path before it is ready, so that the first second of a sale meets compiled code.</summary>
internal static class WarmUpFeature
{
    public static void AddWarmUp(this WebApplicationBuilder builder, Role role)
    {
        builder.Services.AddValidatedOptions<WarmUpOptions>("WarmUp");
        builder.Services.AddSingleton<ProcessWarmUp>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ProcessWarmUp>());
        builder.Services.AddHealthChecks()
            .AddCheck<ProcessWarmUp>(ProcessWarmUp.CheckName, HealthStatus.Unhealthy, tags: [Health.ServingTag]);
        if (role.HasFlag(Role.Api))
        {
            builder.Services.AddSingleton<RehearsedOrders>();
            builder.Services.AddSingleton<IRehearsal>(provider => provider.GetRequiredService<RehearsedOrders>());
        }

        if (role.HasFlag(Role.Worker))
        {
            builder.Services.AddSingleton<IRehearsal, RehearsedPlacement>();
        }
    }

    /// <summary>The path that takes rehearsed orders. No stranger knows it, and it answers only while the process warms up.</summary>
    public static void MapWarmUp(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<WarmUpOptions>>().Value.LongestMilliseconds > 0)
        {
            var orders = app.Services.GetRequiredService<RehearsedOrders>();
            PlaceOrderEndpoint.MapDirectly(app, orders.Path, orders.PlaceAsync).ExcludeFromDescription().DisableHttpMetrics();
        }
    }
}
