namespace Seckill.InventoryService.Rebuild;

/// <summary>(12) The rebuild of stock in Redis after a loss.</summary>
internal static class RebuildFeature
{
    public static void AddRebuild(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<RebuildOptions>("Rebuild");
        builder.Services.AddSingleton<RebuildJobs>();
        builder.Services.AddSingleton<QueueDrain>();
        builder.Services.AddSingleton<OrderRestorer>();
        builder.Services.AddSingleton<StockRebuild>();
        builder.Services.AddHostedService<RebuildRunner>();
        builder.Services.AddHostedService<AutomaticRebuild>();
    }

    public static void MapRebuild(this WebApplication app)
    {
        RebuildEndpoints.Map(app);
    }
}
