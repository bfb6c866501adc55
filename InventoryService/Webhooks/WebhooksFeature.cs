namespace Seckill.InventoryService.Webhooks;

/// <summary>Events of orders, posted to endpoints of other services (Standard Webhooks).</summary>
internal static class WebhooksFeature
{
    public static void AddWebhooks(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<WebhookOptions>("Webhooks");
        builder.Services.AddSingleton<WebhookStore>();
        builder.Services.AddHostedService<WebhookSender>();
    }

    public static void MapWebhooks(this WebApplication app) => WebhookEndpoints.Map(app);
}
