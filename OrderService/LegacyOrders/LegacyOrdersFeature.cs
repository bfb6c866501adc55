using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Reading;
using Seckill.OrderService.LegacyOrders.Verification;
using Seckill.OrderService.LegacyOrders.Writing;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>The dual write. All roles know the mode; workers write and verify, APIs read.</summary>
internal static class LegacyOrdersFeature
{
    public static void AddLegacyOrders(this WebApplicationBuilder builder, Role role)
    {
        var services = builder.Services;
        builder.AddLegacyDatabase();
        services.AddSingleton<LegacyStore>();
        services.AddSingleton(provider => LegacyMetrics.Publish(ActivatorUtilities.CreateInstance<LegacyBreaker>(provider)));
        services.AddSingleton<OrderVerification>();
        services.AddSingleton<DualWriteControl>();
        services.AddSingleton<Repair>();
        services.AddSingleton<SecondLook>();
        services.AddSingleton<LegacyReads>();
        services.AddHostedService(provider => provider.GetRequiredService<DualWriteControl>());
        services.AddHealthChecks().AddCheck<LegacyHealth>("legacy", HealthStatus.Degraded);
        if (role.HasFlag(Role.Api))
        {
            services.AddHostedService(provider => provider.GetRequiredService<SecondLook>());
            services.AddHostedService<BreakerProbe>();
        }

        if (role.HasFlag(Role.Worker))
        {
            services.AddSingleton<LegacyBatch>();
            services.AddHostedService(provider => provider.GetRequiredService<LegacySchema>());
            services.AddHostedService<LegacyOutbox>();
            services.AddHostedService<LegacyWriter>();
            services.AddHostedService<ContinuousVerifier>();
            services.AddHostedService<Backfill>();
        }
    }

    /// <summary>For the migration job.</summary>
    public static void AddLegacySchema(IHostApplicationBuilder builder)
    {
        builder.AddLegacyDatabase();
        builder.Services.AddSingleton<SchemaUpgrade>(provider => provider.GetRequiredService<LegacySchema>());
    }

    public static void MapLegacyOrders(this WebApplication app) => DualWriteEndpoints.Map(app);

    private static void AddLegacyDatabase(this IHostApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<LegacyOptions>("Legacy");
        var legacy = builder.Configuration.GetConnectionString("Legacy");
        var settings = string.IsNullOrEmpty(legacy) ? null : LegacyDatabase.Settings(legacy);
        if (settings is not null)
        {
            StoreEncryption.RequireForPostgres(builder, "Legacy", settings);
        }

        builder.Services.AddSingleton(_ => new LegacyDatabase(settings));
        builder.Services.AddSingleton<LegacySchema>();
    }
}
