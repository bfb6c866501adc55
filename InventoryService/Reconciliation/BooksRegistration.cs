using Seckill.Shared.Hosting;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>What (11) the audit, (12) the rebuild and the watch over the backlog are made of.</summary>
internal static class BooksRegistration
{
    public static void AddBooks(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddValidatedOptions<AuditorOptions>("Auditor");
        services.AddSingleton<AuditRows>();
        services.AddSingleton<ItemAuditor>();
        services.AddSingleton<AuditRepair>();
        services.AddSingleton<AuditBook>();
        services.AddHostedService<Auditor>();
        services.AddSingleton<LossWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<LossWatch>());
        services.AddHealthChecks().AddCheck<AuditBook>("books");

        services.AddValidatedOptions<RebuildOptions>("Rebuild");
        services.AddSingleton(_ => new OrderQueue(new Uri(configuration.RequiredConnectionString("RabbitMq"))));
        services.AddSingleton<StockRebuild>();
        services.AddHostedService<AutomaticRebuild>();

        services.AddValidatedOptions<BacklogOptions>("Backlog");
        services.AddSingleton<StockReader>();
        services.AddSingleton<BacklogMetrics>();
        services.AddSingleton(_ => new QueueDepths(new Uri(configuration.RequiredConnectionString("RabbitMq"))));
        services.AddHostedService<BacklogWatch>();
    }
}
