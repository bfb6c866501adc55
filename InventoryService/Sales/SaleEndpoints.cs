using Microsoft.AspNetCore.Mvc;
using Seckill.InventoryService.Operations;

namespace Seckill.InventoryService.Sales;

/// <summary>Sale administration: create, look, open and close.</summary>
internal static class SaleEndpoints
{
    // A sale of a thousand items does not fit the usual 4 KB: docs/decisions/0022.
    private const int MaximumSaleBytes = 256 * 1024;

    private static readonly OperationGroup s_group = new("Sales", "Plan, open and close sales.");

    public static void Map(IEndpointRouteBuilder app)
    {
        var sales = app.MapGroup("/sales").ForOperators(s_group);
        sales.MapPost("", CreateAsync)
            .WithName("createSale")
            .WithSummary("Create a sale")
            .WithDescription(
                "Stores the plan. Nothing can be bought until the sale is opened, by its operator or with Sales:OpenAheadMinutes, and its "
                + "window has begun. With dryRun=true nothing is stored: 200 has the sale as it would be, and what is odd about it.")
            .WithMetadata(DescribedParameter.Switch("dryRun", "True to store nothing."))
            .WithMetadata(new DescribedHeader(201, "Location", "The sale.", "/sales/1"))
            .Accepts<CreateSale>("application/json")
            .Produces<SaleDetails>(StatusCodes.Status201Created)
            .Produces<SaleDetails>()
            .ProducesProblems(400, 401, 408, 413, 415, 503)
            .ProducesProblems(Refusals.SaleExists);
        sales.MapGet("", ListAsync)
            .WithName("listSales")
            .WithMetadata(DescribedHeader.NextPage)
            .WithSummary("List all sales")
            .WithDescription(
                "The newest first, whatever their state. " + ListPage.Description + "the id of the last sale of the page before. "
                + "archived=false leaves out those that are archived, archived=true the others.")
            .Produces<IReadOnlyList<SaleDetails>>()
            .ProducesProblems(400, 401, 503);
        sales.MapGet("/{saleId:id}", async (long saleId, SaleStore store, CancellationToken cancellationToken) =>
                await store.FindAsync(saleId, cancellationToken) is { } sale
                    ? Results.Json(sale, OpsJson.Default.SaleDetails)
                    : Refusals.UnknownSale)
            .WithName("getSale")
            .WithSummary("Read a sale")
            .WithDescription("Its plan and state; the ledger has its units.")
            .Produces<SaleDetails>()
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.UnknownSale);
        sales.MapPost("/{saleId:id}/open", OpenAsync)
            .RecordsBefore(ReadAsync)
            .WithName("openSale")
            .WithSummary("Put the stock of a sale into Redis and let its window decide")
            .WithDescription("May be repeated; stock is never added twice. Opens a sale again that was closed by hand.")
            .Produces<SaleDetails>()
            .ProducesProblems(401, 503)
            .ProducesProblems(
                Refusals.UnknownSale, Refusals.StockLost, Refusals.StockDiffers, Refusals.StateChanged, Refusals.SaleArchived);
        sales.MapPost("/{saleId:id}/close", CloseAsync)
            .RecordsBefore(ReadAsync)
            .WithName("closeSale")
            .WithSummary("Stop selling, whatever the window says")
            .WithDescription("May be repeated. Orders that were accepted go on.")
            .Produces<SaleDetails>()
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.UnknownSale, Refusals.NeverOpened, Refusals.StateChanged, Refusals.SaleArchived);
    }

    internal static async Task<object?> ReadAsync(HttpContext http) =>
        await http.RequestServices.GetRequiredService<SaleStore>().FindAsync(IdConstraint.Of(http, "saleId"), http.RequestAborted);

    private static async Task<IResult> ListAsync(
        HttpContext http, SaleStore store, CancellationToken cancellationToken, long? after = null, int? limit = null,
        bool? archived = null) =>
        after is { } last && await store.FindAsync(last, cancellationToken) is null
            ? Problem.Invalid("after", "this must be the id of a sale")
            : await ListPage.AnswerAsync(
                http, limit, size => store.ListAsync(after, archived, size, cancellationToken), sale => sale.SaleId,
                OpsJson.Default.IReadOnlyListSaleDetails);

    private static async Task<IResult> CreateAsync(
        HttpRequest request, SaleStore store, SaleCheck check, CancellationToken cancellationToken,
        [FromQuery(Name = "dryRun")] bool isDryRun = false)
    {
        var (sale, problem) = await JsonBody.ReadAsync(request, OpsJson.Default.CreateSale, MaximumSaleBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (CreateSaleRules.Check(sale!) is { Count: > 0 } errors)
        {
            return Problem.Invalid(errors);
        }

        if (isDryRun)
        {
            return await store.FindVersionAsync(sale!.SaleId!.Value, cancellationToken) is null
                ? Results.Json(
                    sale.Preview(SaleState.Created, await check.LookAsync(sale, isNew: true, cancellationToken)),
                    OpsJson.Default.SaleDetails)
                : Refusals.SaleExists;
        }

        return await store.TryAddAsync(sale!, cancellationToken)
            ? Results.Json(
                await WithLocationAsync(request, sale!.SaleId!.Value, store, cancellationToken),
                OpsJson.Default.SaleDetails,
                statusCode: StatusCodes.Status201Created)
            : Refusals.SaleExists;
    }

    private static async Task<SaleDetails?> WithLocationAsync(
        HttpRequest request, long saleId, SaleStore store, CancellationToken cancellationToken)
    {
        request.HttpContext.Response.Headers.Location = $"/sales/{saleId}";
        return await store.FindAsync(saleId, cancellationToken);
    }

    private static async Task<IResult> OpenAsync(long saleId, SaleOpening opening, SaleStore store, CancellationToken cancellationToken) =>
        await AnswerAsync(await opening.OpenAsync(saleId, cancellationToken), saleId, store, cancellationToken);

    private static async Task<IResult> CloseAsync(long saleId, SaleOpening opening, SaleStore store, CancellationToken cancellationToken) =>
        await AnswerAsync(await opening.CloseAsync(saleId, cancellationToken), saleId, store, cancellationToken);

    private static async Task<IResult> AnswerAsync(
        OpeningOutcome outcome, long saleId, SaleStore store, CancellationToken cancellationToken) => outcome switch
    {
        OpeningOutcome.UnknownSale => Refusals.UnknownSale,
        OpeningOutcome.StockLost => Refusals.StockLost,
        OpeningOutcome.NeverOpened => Refusals.NeverOpened,
        OpeningOutcome.StockDiffers => Refusals.StockDiffers,
        OpeningOutcome.Superseded => Refusals.StateChanged,
        OpeningOutcome.Archived => Refusals.SaleArchived,
        _ => Results.Json(await store.FindAsync(saleId, cancellationToken), OpsJson.Default.SaleDetails),
    };
}
