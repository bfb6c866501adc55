using Seckill.Shared.Settings;

namespace Seckill.InventoryService.Backlog;

/// <summary>What waits where: stock, outboxes, queues, returns, quarantine; for metrics and dashboard.</summary>
internal static class BacklogFeature
{
    public static void AddBacklog(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<BacklogOptions>("Backlog");
        builder.Services.AddSingleton<StockReader>();
        builder.Services.AddSingleton<BacklogMetrics>();
        builder.Services.AddSingleton(_ => new QueueDepths(new Uri(builder.Configuration.RequiredConnectionString("RabbitMq"))));
        builder.Services.AddHostedService<BacklogWatch>();
    }
}
