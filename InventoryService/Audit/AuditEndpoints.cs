using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;
using Seckill.InventoryService.Operations;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Audit;

/// <summary>(11) The audit of a sale on demand, with or without repair.</summary>
internal static class AuditEndpoints
{
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGroup("/sales").ForOperators(new OperationGroup("Audit", "Whether Redis and PostgreSQL agree."))
            .MapPost("/{saleId:id}/audit", AuditAsync)
            .WithName("auditSale")
            .WithSummary("Audit a sale now")
            .WithDescription(
                "Compares Redis with PostgreSQL, order by order. With repair=true it also repairs findings by exact differences, and "
                + "writes each step into audit_repairs. May be repeated, also during the sale. After PostgreSQL was restored to an older "
                + "state, newer=redis closes unpaid orders whose stock has come back since, instead of restoring their holds.")
            .WithMetadata(
                DescribedParameter.Switch("repair", "True to repair what is found."),
                new DescribedParameter(
                    ParameterLocation.Query, "newer", "Which store is newer, after PostgreSQL was restored to an older state.",
                    () => new OpenApiSchema { Type = JsonSchemaType.String, Enum = ["redis"] }, "redis"))
            .Produces<SaleAudit>()
            .ProducesProblems(400, 401, 503)
            .ProducesProblems(Refusals.UnknownSale, Refusals.RepairRunning);

    private static async Task<IResult> AuditAsync(
        long saleId, ItemAuditor auditor, AuditRepair repair, AuditResults results, AuditRows rows, SaleStore sales, ItemRest rest,
        CancellationToken cancellationToken, [FromQuery(Name = "repair")] bool withRepair = false, string? newer = null)
    {
        if (newer is not (null or "redis"))
        {
            return Problem.Invalid("newer", "this must be \"redis\" or omitted");
        }

        if (await sales.FindAsync(saleId, cancellationToken) is null)
        {
            return Refusals.UnknownSale;
        }

        // What this finds is watched from now on.
        await rest.WakeAsync(saleId, null, cancellationToken);
        var items = new List<AuditedItemView>();
        foreach (var item in await rows.ItemsAsync(saleId, cancellationToken))
        {
            ItemAudit audit;
            IReadOnlyList<AuditFinding> repaired = [];
            if (!withRepair)
            {
                audit = await auditor.AuditAsync(item, cancellationToken);
                results.Enter(audit);
            }
            else if (await repair.RepairAsync(item, redisIsNewer: newer is not null, cancellationToken) is var (last, made))
            {
                (audit, repaired) = (last, made);
            }
            else
            {
                return Refusals.RepairRunning;
            }

            items.Add(new AuditedItemView(
                item.SkuId, audit.IsConclusive && audit.Findings.Count == 0, [.. repaired, .. audit.Findings]));
        }

        return Results.Json(new SaleAudit(saleId, items.All(item => item.Balanced), items), AuditJson.Default.SaleAudit);
    }
}
