using Microsoft.AspNetCore.Mvc;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>(11) The audit of a sale by hand, with or without repair, and (12) its rebuild.</summary>
internal static class BooksEndpoints
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

    public static void MapBooks(this IEndpointRouteBuilder app)
    {
        var sales = app.MapGroup("/sales").WithMetadata(new RequiresOpsKey());
        sales.MapPost("/{saleId:long}/audit", AuditAsync)
            .WithSummary("Audit a sale now")
            .WithDescription(
                "Compares Redis with PostgreSQL, order by order. With repair=true it also repairs, by exact differences, and writes "
                + "each step into audit_repairs. May be repeated, also while the sale goes on. After PostgreSQL was restored to an older "
                + "state, newer=redis closes the unpaid orders again whose stock has come back since, instead of giving them holds.")
            .Produces<SaleAudit>()
            .ProducesProblems(400, 401, 404, 409, 503);
        sales.MapPost("/{saleId:long}/rebuild", RebuildAsync)
            .WithSummary("Make the stock of a sale in Redis anew from PostgreSQL")
            .WithDescription(
                "After Redis lost data. The items answer 503 meanwhile, and stay stopped when the rebuild cannot be finished. "
                + "May be repeated.")
            .Produces<RebuiltSale>()
            .ProducesProblems(401, 404, 409, 503);
    }

    private static async Task<IResult> AuditAsync(
        long saleId, ItemAuditor auditor, AuditRepair repair, AuditBook book, AuditRows rows, SaleStore sales,
        CancellationToken cancellationToken, [FromQuery(Name = "repair")] bool withRepair = false, string? newer = null)
    {
        if (newer is not (null or "redis"))
        {
            return Problem.Invalid("newer", "it is redis, or not there");
        }

        if (await sales.FindAsync(saleId, cancellationToken) is null)
        {
            return s_unknownSale;
        }

        var items = new List<AuditedItemView>();
        foreach (var item in await rows.ItemsAsync(saleId, cancellationToken))
        {
            ItemAudit audit;
            IReadOnlyList<AuditFinding> repaired = [];
            if (!withRepair)
            {
                audit = await auditor.AuditAsync(item, cancellationToken);
                book.Enter(audit);
            }
            else if (await repair.RepairAsync(item, redisIsNewer: newer is not null, cancellationToken) is var (last, made))
            {
                (audit, repaired) = (last, made);
            }
            else
            {
                return s_running;
            }

            items.Add(new AuditedItemView(
                item.sku_id, audit.IsConclusive && audit.Findings.Count == 0, [.. repaired, .. audit.Findings]));
        }

        return Results.Json(new SaleAudit(saleId, items.All(item => item.Balanced), items), BooksJson.Default.SaleAudit);
    }

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
            rebuilt.Add(new RebuiltItem(item.sku_id, now?.Epoch ?? 0, now?.Available ?? 0, now?.Held ?? 0));
        }

        return items.Count == 0 ? s_neverOpened : Results.Json(new RebuiltSale(saleId, rebuilt), BooksJson.Default.RebuiltSale);
    }
}
