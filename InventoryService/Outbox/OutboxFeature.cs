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
        app.MapGet("/outbox", ListAsync)
            .ForOperators(new OperationGroup("Outbox", "Orders on their way to PostgreSQL."))
            .WithName("listOutbox")
            .WithMetadata(DescribedHeader.NextPage)
            .WithSummary("List orders that wait to be persisted")
            .WithDescription(
                "For each sale item, in the order of their ids. " + ListPage.Description
                + "sale and SKU of the last item of the page before, with a colon between.")
            .Produces<IReadOnlyList<OutboxView>>()
            .ProducesProblems(400, 401, 503);

    private static async Task<IResult> ListAsync(
        HttpContext http, SaleCatalog catalog, StockLedger stock, string? after = null, int? limit = null)
    {
        var last = default(ItemKey);
        return after is null || ItemKey.TryParse(after, out last)
            ? await ListPage.AnswerAsync(
                http, limit, size => ReadAsync(catalog, stock, last, size), view => new ItemKey(view.SaleId, view.SkuId))
            : Problem.Invalid("after", "this must be a sale and a SKU, with a colon between");
    }

    private static async Task<IReadOnlyList<OutboxView>> ReadAsync(SaleCatalog catalog, StockLedger stock, ItemKey after, int maximum)
    {
        var views = new List<OutboxView>();
        var items = (await catalog.ItemsAsync()).OrderBy(item => item.SaleId).ThenBy(item => item.SkuId)
            .Where(item => (item.SaleId, item.SkuId).CompareTo((after.SaleId, after.SkuId)) > 0);
        foreach (var item in items.Take(maximum))
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
