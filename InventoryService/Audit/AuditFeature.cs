namespace Seckill.InventoryService.Audit;

/// <summary>(11) The audit, continuous and on demand, and the data-loss check.</summary>
internal static class AuditFeature
{
    public static void AddAudit(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<AuditorOptions>("Auditor");
        builder.Services.AddSingleton<AuditRows>();
        builder.Services.AddSingleton<TotalsAuditor>();
        builder.Services.AddSingleton<ItemAuditor>();
        builder.Services.AddSingleton<AuditRepair>();
        builder.Services.AddSingleton<ItemRest>();
        builder.Services.AddHostedService<RestWatch>();
        builder.Services.AddSingleton<AuditResults>();
        builder.Services.AddSingleton<AuditSchedule>();
        builder.Services.AddHostedService<Auditor>();
        for (var i = 0; i < FullAuditor.AtOnce; i++)
        {
            // AddHostedService adds a type once.
            builder.Services.AddSingleton<IHostedService, FullAuditor>();
        }

        builder.Services.AddSingleton<LossWatch>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<LossWatch>());
        builder.Services.AddHealthChecks().AddCheck<AuditResults>("books");
    }

    public static void MapAudit(this WebApplication app)
    {
        AuditEndpoints.Map(app);
    }
}
