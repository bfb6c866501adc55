using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.Sales;

/// <summary>The administration of sales: create, look, open, close; and alerts for low and sold-out stock.</summary>
internal static class SalesFeature
{
    public static void AddSales(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RoomLedger>();
        builder.Services.AddSingleton<RoomStore>();
        builder.Services.AddSingleton<RoomOpening>();
        builder.Services.AddSingleton<SaleStore>();
        builder.Services.AddSingleton<SaleOpening>();
        builder.Services.AddSingleton<SaleCheck>();
        builder.Services.AddSingleton<ActiveItems>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ActiveItems>());
        builder.Services.AddValidatedOptions<ScheduleOptions>("Sales");
        builder.Services.AddHostedService<SaleSchedule>();
        builder.Services.AddValidatedOptions<AlertOptions>("Alerts");
        builder.Services.AddHostedService<StockAlerts>();
    }

    public static void MapSales(this WebApplication app)
    {
        SaleEndpoints.Map(app);
    }
}
