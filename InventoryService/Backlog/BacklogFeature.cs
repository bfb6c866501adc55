namespace Seckill.InventoryService.Backlog;

/// <summary>What waits where: stock, outboxes, queues, returns, quarantine; for metrics and dashboard.</summary>
internal static class BacklogFeature
{
    public static void AddBacklog(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<BacklogOptions>("Backlog");
        builder.Services.AddSingleton<StockReader>();
        builder.Services.AddSingleton<StockBacklog>();
        builder.Services.AddSingleton<TableBacklog>();
        builder.Services.AddSingleton<QueueBacklog>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<StockBacklog>());
        builder.Services.AddHostedService(provider => provider.GetRequiredService<TableBacklog>());
        builder.Services.AddHostedService(provider => provider.GetRequiredService<QueueBacklog>());
    }
}
