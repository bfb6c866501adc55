using Seckill.Shared.Hosting;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>What (11) the audit and (12) the rebuild are made of.</summary>
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
    }
}
