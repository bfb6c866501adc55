using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.Shared.Hosting;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>What the dual write is made of. All roles know the mode; workers write and verify, APIs read.</summary>
internal static class LegacyRegistrations
{
    public static void AddLegacyOrders(this IServiceCollection services, IConfiguration configuration, Role role)
    {
        services.AddValidatedOptions<LegacyOptions>("Legacy");
        services.AddSingleton(_ => new LegacyDatabase(configuration.GetConnectionString("Legacy")));
        services.AddSingleton<LegacyStore>();
        services.AddSingleton(provider =>
        {
            var breaker = ActivatorUtilities.CreateInstance<LegacyBreaker>(provider);
            LegacyMetrics.Create(breaker);
            return breaker;
        });
        services.AddSingleton<OrderVerification>();
        services.AddSingleton<DualWriteControl>();
        services.AddSingleton<Repair>();
        services.AddSingleton<LegacyReads>();
        services.AddHostedService(provider => provider.GetRequiredService<DualWriteControl>());
        services.AddHealthChecks().AddCheck<LegacyHealth>("legacy", HealthStatus.Degraded);
        if (role.HasFlag(Role.Api))
        {
            services.AddHostedService(provider => provider.GetRequiredService<LegacyReads>());
        }

        if (role.HasFlag(Role.Worker))
        {
            services.AddSingleton<LegacyBatch>();
            services.AddHostedService<LegacySchema>();
            services.AddHostedService<LegacyWriter>();
            services.AddHostedService<ContinuousVerifier>();
            services.AddHostedService<Backfill>();
        }
    }
}
