namespace Seckill.InventoryService.Ledger;

/// <summary>The ledger of a sale, and changes of its stock in mid-sale.</summary>
internal static class LedgerFeature
{
    public static void AddLedger(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<LedgerReader>();
        builder.Services.AddSingleton<StockChanges>();
        builder.Services.AddHostedService<StockChangeFinisher>();
    }

    public static void MapLedger(this WebApplication app)
    {
        LedgerEndpoints.Map(app);
    }
}
