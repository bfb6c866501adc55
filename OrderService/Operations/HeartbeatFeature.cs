namespace Seckill.OrderService.Operations;

/// <summary>Reports this process to the ops dashboard once a second.</summary>
internal static class HeartbeatFeature
{
    public static void AddHeartbeat(this WebApplicationBuilder builder, Role role)
    {
        builder.Services.AddSingleton<HeartbeatCounters>();
        builder.Services.AddHostedService(provider =>
            ActivatorUtilities.CreateInstance<HeartbeatSender>(provider, role.ToString().ToLowerInvariant()));
    }
}
