using Dapper;
using Microsoft.AspNetCore.Http.Features;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Verification;
using Seckill.Shared.Http;
using Seckill.Shared.Security;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>The dual write, for operators.</summary>
internal static class DualWriteEndpoints
{
    // Lists of users and of discrepancies do not fit the usual 4 KB: docs/decisions/0022.
    private const int MaximumBodyBytes = 65_536;
    private const int DiscrepanciesListed = 1_000;

    private static readonly Problem s_notConfigured = new(
        409, "legacy-not-configured", "This process has no connection to a legacy database: ConnectionStrings:Legacy is not set.");

    public static void Map(IEndpointRouteBuilder app)
    {
        var ops = app.MapGroup("/dual-write").WithMetadata(new RequiresOpsKey());
        ops.MapGet("", async (NpgsqlDataSource database, CancellationToken cancellationToken) =>
                Results.Json(await ReadAsync(database, cancellationToken), DualWriteJson.Default.DualWriteView))
            .WithSummary("How our orders and the legacy database stand")
            .Produces<DualWriteView>()
            .ProducesProblems(401, 503);
        ops.MapPut("", ChangeAsync)
            .WithSummary("Change how the legacy database is used, in all processes within a second")
            .WithDescription("What is not given stays. After a time in off or retired, a backfill is needed.")
            .Accepts<DualWriteChange>("application/json")
            .Produces<DualWriteView>()
            .ProducesProblems(400, 401, 409, 413, 415, 503);
        ops.MapGet("/verifier", async (NpgsqlDataSource database, CancellationToken cancellationToken) =>
                Results.Json(await ReadVerifierAsync(database, cancellationToken), DualWriteJson.Default.VerifierView))
            .WithSummary("Where the continuous verifier stands")
            .Produces<VerifierView>()
            .ProducesProblems(401, 503);
        ops.MapGet("/discrepancies", async (NpgsqlDataSource database, CancellationToken cancellationToken) => Results.Json(
                await DiscrepancyStore.ListAsync(database, null, DiscrepanciesListed, cancellationToken),
                DualWriteJson.Default.IReadOnlyListDiscrepancy))
            .WithSummary("Open differences, the newest thousand first")
            .Produces<IReadOnlyList<Discrepancy>>()
            .ProducesProblems(401, 503);
        ops.MapPost("/repair", RepairAsync)
            .WithSummary("Rewrite the legacy rows of discrepancies, and verify them again")
            .WithDescription("A dry run unless dryRun is false. Rows that only the legacy database has are not touched.")
            .Accepts<RepairRequest>("application/json")
            .Produces<RepairAnswer>()
            .ProducesProblems(400, 401, 413, 415, 503);
        ops.MapGet("/backfill", async (NpgsqlDataSource database, CancellationToken cancellationToken) =>
                Results.Json(await Backfill.ReadAsync(database, cancellationToken), DualWriteJson.Default.BackfillView))
            .WithSummary("Where the backfill stands")
            .Produces<BackfillView>()
            .ProducesProblems(401, 503);
        ops.MapPost("/backfill", async (NpgsqlDataSource database, CancellationToken cancellationToken) =>
            {
                await Backfill.StartAsync(database, cancellationToken);
                return Results.Json(
                    await Backfill.ReadAsync(database, cancellationToken), DualWriteJson.Default.BackfillView,
                    statusCode: StatusCodes.Status202Accepted);
            })
            .WithSummary("Write all orders that the legacy database lacks or has in an older state")
            .WithDescription("Changes nothing while one is going on. It goes on by itself after a restart.")
            .Produces<BackfillView>(StatusCodes.Status202Accepted)
            .ProducesProblems(401, 503);
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext http, DualWriteControl control, LegacyDatabase legacy, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var (change, problem) = await JsonBody.ReadAsync(
            http.Request, DualWriteJson.Default.DualWriteChange, MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (change!.Mode is not (null or "off" or "shadow" or "dual" or "retired"))
        {
            return Problem.Invalid("mode", "this must be off, shadow, dual or retired");
        }

        if (change.ReadFromNewPercent is < 0 or > 100)
        {
            return Problem.Invalid("readFromNewPercent", "this must be a whole number from 0 to 100");
        }

        if (!legacy.IsConfigured && change.Mode is "shadow" or "dual")
        {
            return s_notConfigured;
        }

        await control.SetAsync(change, cancellationToken);
        return Results.Json(await ReadAsync(database, cancellationToken), DualWriteJson.Default.DualWriteView);
    }

    private static async Task<IResult> RepairAsync(HttpContext http, Repair repair, CancellationToken cancellationToken)
    {
        var (request, problem) = http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false }
            ? (new RepairRequest(null, null), null)
            : await JsonBody.ReadAsync(http.Request, DualWriteJson.Default.RepairRequest, MaximumBodyBytes, cancellationToken);
        return problem ?? Results.Json(
            await repair.RunAsync(request!.DryRun ?? true, request.Ids, cancellationToken), DualWriteJson.Default.RepairAnswer);
    }

    private static async Task<DualWriteView> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var (pending, lagSeconds) = await LegacyOutbox.WaitingAsync(database, cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleAsync<(
            string Mode, int Percent, long Verified, long Mismatched, long Missing, string Breaker)>(
            new CommandDefinition(
                """
                select c.mode, c.read_from_new_percent, v.orders,
                  (select count(distinct order_id) from legacy_discrepancies where resolved_at is null and class <> 'missing'),
                  (select count(*) from legacy_discrepancies where resolved_at is null and class = 'missing'),
                  coalesce((
                    select max(state collate "C") from legacy_breakers where state <> 'closed' and seen_at > now() - interval '5 seconds'
                  ), 'closed')
                from dual_write_control c, legacy_verified v
                """,
                cancellationToken: cancellationToken));
        return new DualWriteView(row.Mode, row.Percent, pending, row.Verified, row.Mismatched, row.Missing, lagSeconds, row.Breaker);
    }

    private static async Task<VerifierView> ReadVerifierAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleAsync<(long, string, long, long, DateTime, long?, double?)>(new CommandDefinition(
            "select round, phase, checked, lagging, round_started_at, last_round_orders, last_round_seconds from legacy_verifier",
            cancellationToken: cancellationToken));
        return new VerifierView(row.Item1, row.Item2, row.Item3, row.Item4, row.Item5, row.Item6, row.Item7);
    }
}
