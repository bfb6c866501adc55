using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Http;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Rebuild;

/// <summary>(12) The rebuild of a sale on demand.</summary>
internal static class RebuildEndpoints
{
    private static readonly Problem s_unknownSale = new(404, "unknown-sale", "There is no such sale.");
    private static readonly Problem s_neverOpened = new(409, "sale-never-opened", "The stock of this sale was never in Redis.");
    private static readonly Problem s_running = new(
        409, "repair-running", "Somebody else repairs or rebuilds an item of this sale.", retryAfterSeconds: 1);

    private static readonly Problem s_notDrained = new(
        409, "outbox-not-drained",
        "Accepted orders have not reached PostgreSQL yet: look at RabbitMQ, the workers and PostgreSQL. The item stays stopped.",
        retryAfterSeconds: 5);

    private static readonly Problem s_lostAgain = new(
        409, "stock-lost", "Redis lost data again during the rebuild. The item stays stopped.", retryAfterSeconds: 1);

    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGroup("/sales").WithMetadata(new RequiresOpsKey())
            .MapPost("/{saleId:long}/rebuild", RebuildAsync)
            .WithSummary("Make the stock of a sale in Redis anew from PostgreSQL")
            .WithDescription(
                "After Redis lost data. The items answer 503 meanwhile, and stay stopped when the rebuild cannot be finished. "
                + "May be repeated.")
            .Produces<RebuiltSale>()
            .ProducesProblems(401, 404, 409, 503);

    private static async Task<IResult> RebuildAsync(
        long saleId, StockRebuild rebuild, AuditRows rows, SaleStore sales, StockLedger stock, CancellationToken cancellationToken)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is null)
        {
            return s_unknownSale;
        }

        var items = await rows.ItemsAsync(saleId, cancellationToken);
        var rebuilt = new List<RebuiltItem>();
        foreach (var item in items)
        {
            var outcome = await rebuild.RebuildAsync(item, cancellationToken);
            if (outcome != RebuildOutcome.Done)
            {
                return outcome switch
                {
                    RebuildOutcome.Running => s_running,
                    RebuildOutcome.NotDrained => s_notDrained,
                    _ => s_lostAgain,
                };
            }

            var now = await stock.InspectAsync(item.Keys);
            rebuilt.Add(new RebuiltItem(item.SkuId, now?.Epoch ?? 0, now?.Available ?? 0, now?.Held ?? 0));
        }

        return items.Count == 0 ? s_neverOpened : Results.Json(new RebuiltSale(saleId, rebuilt), RebuildJson.Default.RebuiltSale);
    }
}
