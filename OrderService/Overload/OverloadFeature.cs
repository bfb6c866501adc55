namespace Seckill.OrderService.Overload;

/// <summary>Refuses some requests, so that the others are answered in time.</summary>
internal static class OverloadFeature
{
    public static void AddOverload(this IHostApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<OverloadOptions>("Overload");
        builder.Services.AddSingleton(provider => new OverloadController(provider.GetRequiredService<IOptions<OverloadOptions>>().Value));
        builder.Services.AddSingleton<OverloadControl>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<OverloadControl>());
        builder.Services.AddHostedService<OverloadWatch>();
    }

    public static void MapOverload(this WebApplication app) => OverloadEndpoints.Map(app);
}
