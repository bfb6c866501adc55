using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Operations;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Rebuild;

/// <summary>(12) The rebuild of a sale on demand.</summary>
internal static class RebuildEndpoints
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    public static void Map(IEndpointRouteBuilder app)
    {
        var sales = app.MapGroup("/sales").ForOperators(new OperationGroup("Rebuild", "Stock that Redis has lost, from PostgreSQL."));
        sales.MapPost("/{saleId:id}/rebuild", StartAsync)
            .RecordsBefore(async http => await http.RequestServices.GetRequiredService<RebuildJobs>()
                .FindAsync(IdConstraint.Of(http, "saleId"), http.RequestAborted))
            .WithName("startRebuild")
            .WithSummary("Rebuild the stock of a sale in Redis from PostgreSQL")
            .WithDescription(
                "Needed after Redis lost data. Starts a job that does not depend on its caller, or on this process; while one runs, the "
                + "answer is that one. GET the same path for its progress; with wait=true the answer comes at its end. Buyers of an item "
                + "get 503 while it is rebuilt. An item whose rebuild fails stays stopped, and does not stop the others.")
            .WithMetadata(
                DescribedParameter.Switch("wait", "True to get the answer at the end of the job."),
                new DescribedHeader(200, "Location", "The job.", "/sales/1/rebuild"),
                new DescribedHeader(202, "Location", "The job.", "/sales/1/rebuild"))
            .Produces<SaleRebuild>()
            .Produces<SaleRebuild>(StatusCodes.Status202Accepted)
            .ProducesProblems(400, 401, 503)
            .ProducesProblems(Refusals.UnknownSale, Refusals.NeverOpened, Refusals.RebuildFailed);
        sales.MapGet("/{saleId:id}/rebuild", async (long saleId, RebuildJobs jobs, SaleStore store, CancellationToken cancellationToken) =>
                await jobs.FindAsync(saleId, cancellationToken) is { } job ? Answer(job, StatusCodes.Status200OK)
                : await store.FindAsync(saleId, cancellationToken) is null ? Refusals.UnknownSale : Refusals.NeverRebuilt)
            .WithName("getRebuild")
            .WithSummary("The last rebuild of a sale")
            .WithDescription("Its state, and the progress of each item.")
            .Produces<SaleRebuild>()
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.UnknownSale, Refusals.NeverRebuilt);
    }

    private static async Task<IResult> StartAsync(
        long saleId, HttpResponse response, RebuildJobs jobs, AuditRows rows, SaleStore sales, IHostApplicationLifetime lifetime,
        CancellationToken cancellationToken, bool wait = false)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is null)
        {
            return Refusals.UnknownSale;
        }

        if ((await rows.ItemsAsync(saleId, cancellationToken)).Count == 0)
        {
            return Refusals.NeverOpened;
        }

        await jobs.StartAsync(saleId, onlyLost: false, cancellationToken);
        var job = (await jobs.FindAsync(saleId, cancellationToken))!;
        // A process that stops answers how far the job is: another one ends it.
        while (wait && job.State == RebuildState.Running && !lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await Task.Delay(s_pause, cancellationToken);
            job = (await jobs.FindAsync(saleId, cancellationToken))!;
        }

        if (wait && job.State == RebuildState.Failed)
        {
            return Refusals.RebuildFailed;
        }

        response.Headers.Location = $"/sales/{saleId}/rebuild";
        return Answer(job, job.State == RebuildState.Running || !wait ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    private static IResult Answer(SaleRebuild job, int status) =>
        Results.Json(job, RebuildJson.Default.SaleRebuild, statusCode: status);
}
