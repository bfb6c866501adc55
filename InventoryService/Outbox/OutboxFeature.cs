namespace Seckill.InventoryService.Outbox;

/// <summary>(10) Publishes overdue orders, and shows what waits in the outbox.</summary>
internal static class OutboxFeature
{
    public static void AddOutbox(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<SweeperOptions>("Sweeper");
        builder.Services.AddHostedService<OutboxSweeper>();
    }

    public static void MapOutbox(this WebApplication app) =>
        app.MapGet("/outbox", ReadAsync)
            .WithMetadata(new RequiresOpsKey(), new OperationGroup("Outbox", "Orders on their way to PostgreSQL."))
            .WithName("getOutbox")
            .WithSummary("Orders that wait to be persisted")
            .WithDescription("For each sale item.")
            .ProducesProblems(401, 503);

    private static async Task<List<OutboxView>> ReadAsync(SaleCatalog catalog, StockLedger stock)
    {
        var views = new List<OutboxView>();
        foreach (var item in await catalog.ItemsAsync())
        {
            var (depth, oldest) = await stock.InspectOutboxAsync(new ItemKeys(item));
            views.Add(new OutboxView(item.SaleId, item.SkuId, depth, oldest.TotalSeconds));
        }

        return views;
    }
}

/// <summary>The outbox of one sale item.</summary>
/// <param name="Depth">Orders reserved and not yet known to be in PostgreSQL.</param>
/// <param name="OldestSeconds">Age of the oldest among the thousand that are due first or last; 0 when there is none.</param>
public sealed record OutboxView(long SaleId, long SkuId, long Depth, double OldestSeconds);
