using Seckill.InventoryService.Operations;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Ledger;

/// <summary>The ledger of a sale, and changes of its stock in mid-sale.</summary>
internal static class LedgerEndpoints
{
    private const int MaximumBodyBytes = 4 * 1024;
    private const int MaximumChange = 1_000_000;

    public static void Map(IEndpointRouteBuilder app)
    {
        var sales = app.MapGroup("/sales").ForOperators(new OperationGroup("Stock", "Where the units are, and changes of their number."));
        sales.MapPost("/{saleId:id}/items/{skuId:id}/stock", ChangeStockAsync)
            .RecordsBefore(async http => await http.RequestServices.GetRequiredService<LedgerReader>()
                .ReadAsync(IdConstraint.Of(http, "saleId"), http.RequestAborted))
            .WithName("changeStock")
            .WithSummary("Add units in mid-sale, or withdraw available ones")
            .WithDescription(
                "A key changes the stock once, and a retry gets the same number in \"changed\". Units that "
                + "buyers hold cannot be withdrawn: a withdrawal of more than is available is refused with 409, and with "
                + "\"partial\": true it withdraws what is available, even nothing. While a sale is on, only \"partial\" is sure to "
                + "succeed, because the number available changes with every order.")
            .WithMetadata(DescribedParameter.IdempotencyKey("the item", isRequired: true))
            .Accepts<ChangeStock>("application/json")
            .Produces<ChangedStock>()
            .ProducesProblems(400, 401, 408, 413, 415, 503)
            .ProducesProblems(Refusals.UnknownItem, Refusals.NeverOpened, Refusals.StockInUse, Refusals.KeyReused);
        sales.MapGet("/{saleId:id}/ledger", async (long saleId, LedgerReader ledger, CancellationToken cancellationToken) =>
                await ledger.ReadAsync(saleId, cancellationToken) is { } found
                    ? Results.Json(found, LedgerJson.Default.SaleLedger)
                    : Refusals.UnknownSale)
            .WithName("getLedger")
            .WithSummary("The ledger of a sale: where its units are")
            .WithDescription("For each item, and whether the totals of Redis and PostgreSQL agree.")
            .Produces<SaleLedger>()
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.UnknownSale);
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

        if (change!.Delta is not { } delta || delta is 0 or < -MaximumChange or > MaximumChange)
        {
            return Problem.Invalid("delta", $"this must be an integer other than 0, between -{MaximumChange} and {MaximumChange}");
        }

        if (change.Partial && delta > 0)
        {
            return Problem.Invalid("partial", "this is only for a withdrawal: delta must be negative");
        }

        var (outcome, units) = await changes.ChangeAsync(
            new StockChange(new ItemKey(saleId, skuId), key, delta, change.Partial), cancellationToken);
        return outcome switch
        {
            StockChangeOutcome.UnknownItem => Refusals.UnknownItem,
            StockChangeOutcome.NeverOpened => Refusals.NeverOpened,
            StockChangeOutcome.NotEnough => Refusals.StockInUse,
            StockChangeOutcome.KeyReused => Refusals.KeyReused,
            StockChangeOutcome.TooMany => Problem.Invalid("delta", $"an item has at most {CreateSaleRules.MostUnits} units"),
            StockChangeOutcome.StockLost => Refusals.WaitsForRebuild,
            _ => Results.Json(
                new ChangedStock((await ledger.ReadAsync(saleId, cancellationToken))!, units), LedgerJson.Default.ChangedStock),
        };
    }
}
