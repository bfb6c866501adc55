namespace Seckill.Shared.Stock;

/// <summary>Stock in Redis, as both services need it.</summary>
public static class StockFeature
{
    /// <summary>Registers the classes that own keys and scripts.</summary>
    public static void AddStock(this IHostApplicationBuilder builder)
    {
        StockLosses.Show();
        builder.Services.AddSingleton<StockLedger>().AddSingleton<SaleCatalog>().AddSingleton<StockPages>()
            .AddSingleton<StockRepair>().AddSingleton<RedisMark>().AddSingleton<HoldRestorer>().AddSingleton<BuyerLog>();
    }
}
