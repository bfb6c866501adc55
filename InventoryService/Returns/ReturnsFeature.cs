namespace Seckill.InventoryService.Returns;

/// <summary>(9) The return of stock of closed orders.</summary>
internal static class ReturnsFeature
{
    public static void AddReturns(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<ReturnsOptions>("Returns");
        builder.Services.AddHostedService<StockReturns>();
    }
}
