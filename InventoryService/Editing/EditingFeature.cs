using Microsoft.AspNetCore.Mvc;
using Seckill.InventoryService.Operations;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Editing;

/// <summary>Edits of a sale that exists.</summary>
internal static class EditingFeature
{
    private const int MaximumSaleBytes = 256 * 1024;

    public static void AddEditing(this WebApplicationBuilder builder) => builder.Services.AddSingleton<SaleEditing>();

    public static void MapEditing(this WebApplication app) =>
        app.MapPatch("/sales/{saleId:id}", EditAsync)
            .WithName("editSale")
            .ForOperators(new OperationGroup("Sales", "Plan, open and close sales."))
            .RecordsBefore(SaleEndpoints.ReadAsync)
            .WithMetadata(
                DescribedParameter.Switch("dryRun", "True to change nothing, and to learn what the request would do."))
            .WithSummary("Edit a sale")
            .WithDescription(
                "Members that are absent stay as they are. Before the first order everything may change; a sale that is open is closed for "
                + "that moment. Afterwards the name, the end while it is in the future, a higher limit, cap and cool-down, and the "
                + "units, of which the difference is added or withdrawn. With dryRun=true the answer is a preview.")
            .Accepts<EditSale>("application/json")
            .Produces<SaleDetails>()
            .ProducesProblems(400, 401, 408, 413, 415, 503)
            .ProducesProblems(
                Refusals.UnknownSale, Refusals.HasOrders, Refusals.StockLost, Refusals.StockInUse, Refusals.StateChanged,
                Refusals.SaleArchived);

    private static async Task<IResult> EditAsync(
        HttpRequest request, long saleId, SaleEditing editing, SaleStore store, SaleCheck check, CancellationToken cancellationToken,
        [FromQuery(Name = "dryRun")] bool isDryRun = false)
    {
        var (edit, problem) = await JsonBody.ReadAsync(request, EditJson.Default.EditSale, MaximumSaleBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        // The version first: what changes after it is noticed.
        if (await store.FindVersionAsync(saleId, cancellationToken) is not { } version
            || await store.FindAsync(saleId, cancellationToken) is not { } sale)
        {
            return Refusals.UnknownSale;
        }

        if (sale.ArchivedAt is not null)
        {
            return Refusals.SaleArchived;
        }

        var (plan, unknown) = edit!.ApplyTo(sale);
        if (unknown is not null)
        {
            return Problem.Invalid(unknown, "this must be an SKU of the sale, once");
        }

        if (CreateSaleRules.Check(plan) is { Count: > 0 } errors)
        {
            return Problem.Invalid(errors);
        }

        var outcome = await editing.EditAsync(sale, version, plan, isDryRun, cancellationToken);
        return outcome switch
        {
            EditingOutcome.Superseded => Refusals.StateChanged,
            EditingOutcome.HasOrders => Refusals.HasOrders,
            EditingOutcome.StockLost => Refusals.StockLost,
            EditingOutcome.StockInUse => Refusals.StockInUse,
            _ when isDryRun => Results.Json(
                plan.Preview(sale.State, await check.LookAsync(plan, isNew: false, cancellationToken)), OpsJson.Default.SaleDetails),
            _ => Results.Json(await store.FindAsync(saleId, cancellationToken), OpsJson.Default.SaleDetails),
        };
    }
}
