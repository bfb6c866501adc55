using Seckill.InventoryService.Sales;
using Seckill.Shared.Http;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Ledger;

/// <summary>Where the units of a sale are, and changes of its stock in mid-sale.</summary>
internal static class LedgerEndpoints
{
    private const int MaximumBodyBytes = 4 * 1024;
    private const int LargestChange = 1_000_000;
    private static readonly Problem s_unknownSale = new(404, "unknown-sale", "There is no such sale.");
    private static readonly Problem s_unknownItem = new(404, "unknown-item", "There is no such item in this sale.");
    private static readonly Problem s_notWarm = new(
        409, "sale-never-opened", "The stock of this item is not in Redis. Open the sale first.");
    private static readonly Problem s_stockInUse = new(409, "stock-in-use", "Fewer units are available than would be withdrawn.");
    private static readonly Problem s_keyReused = new(
        422, "idempotency-key-reused", "This Idempotency-Key came before with another delta.");

    private static readonly Problem s_waitsForRebuild = new(
        503, "unavailable", "This item waits for its rebuild. Repeat with the same Idempotency-Key; what was begun is made afterwards.", 5);

    public static void Map(IEndpointRouteBuilder app)
    {
        var sales = app.MapGroup("/sales").WithMetadata(new RequiresOpsKey());
        sales.MapPost("/{saleId:id}/items/{skuId:id}/stock", ChangeStockAsync)
            .WithSummary("Add units in mid-sale, or withdraw available ones")
            .WithDescription("Needs an Idempotency-Key; the same key changes the stock once. Units that buyers hold cannot be withdrawn.")
            .Accepts<ChangeStock>("application/json")
            .Produces<SaleLedger>()
            .ProducesProblems(400, 401, 404, 409, 413, 415, 422, 503);
        sales.MapGet("/{saleId:id}/ledger", async (long saleId, LedgerReader ledger, CancellationToken cancellationToken) =>
                await ledger.ReadAsync(saleId, cancellationToken) is { } found
                    ? Results.Json(found, LedgerJson.Default.SaleLedger)
                    : s_unknownSale)
            .WithSummary("Where the units of a sale are")
            .Produces<SaleLedger>()
            .ProducesProblems(401, 404, 503);
    }

    private static async Task<IResult> ChangeStockAsync(
        long saleId, long skuId, HttpRequest request, StockChanges changes, LedgerReader ledger, CancellationToken cancellationToken)
    {
        if (IdempotencyKey.Read(request, out var key) is { } badKey)
        {
            return badKey;
        }

        var (change, problem) = await JsonBody.ReadAsync(request, LedgerJson.Default.ChangeStock, MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (key is null)
        {
            return Problem.Invalid("Idempotency-Key", "this header is required");
        }

        if (change!.Delta is not { } delta || delta is 0 or < -LargestChange or > LargestChange)
        {
            return Problem.Invalid("delta", $"this must be an integer other than 0, between -{LargestChange} and {LargestChange}");
        }

        return await changes.ChangeAsync(new ItemKey(saleId, skuId), key, delta, cancellationToken) switch
        {
            StockChangeOutcome.UnknownItem => s_unknownItem,
            StockChangeOutcome.NeverOpened => s_notWarm,
            StockChangeOutcome.NotEnough => s_stockInUse,
            StockChangeOutcome.KeyReused => s_keyReused,
            StockChangeOutcome.TooMany => Problem.Invalid("delta", $"an item has at most {CreateSaleRules.MostUnits} units"),
            StockChangeOutcome.StockLost => s_waitsForRebuild,
            _ => Results.Json(await ledger.ReadAsync(saleId, cancellationToken), LedgerJson.Default.SaleLedger),
        };
    }
}
