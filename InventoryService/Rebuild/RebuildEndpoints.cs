using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Operations;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Rebuild;

/// <summary>(12) The rebuild of a sale on demand.</summary>
internal static class RebuildEndpoints
{
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGroup("/sales").WithMetadata(new RequiresOpsKey())
            .MapPost("/{saleId:id}/rebuild", RebuildAsync)
            .WithSummary("Rebuild the stock of a sale in Redis from PostgreSQL")
            .WithDescription(
                "Needed after Redis lost data. Buyers of the items get 503 during the rebuild. An item whose rebuild fails stays stopped. "
                + "May be repeated.")
            .Produces<RebuiltSale>()
            .ProducesProblems(401, 404, 409, 503);

    private static async Task<IResult> RebuildAsync(
        long saleId, StockRebuild rebuild, AuditRows rows, SaleStore sales, StockLedger stock, CancellationToken cancellationToken)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is null)
        {
            return Refusals.UnknownSale;
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
                    RebuildOutcome.Running => Refusals.RepairRunning,
                    RebuildOutcome.NotDrained => Refusals.NotDrained,
                    _ => Refusals.LostAgain,
                };
            }

            var now = await stock.InspectAsync(item.Keys);
            rebuilt.Add(new RebuiltItem(item.SkuId, now?.Epoch ?? 0, now?.Available ?? 0, now?.Held ?? 0));
        }

        return items.Count == 0 ? Refusals.NeverOpened : Results.Json(new RebuiltSale(saleId, rebuilt), RebuildJson.Default.RebuiltSale);
    }
}
