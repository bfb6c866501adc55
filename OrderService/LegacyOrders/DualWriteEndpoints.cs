using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Verification;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>The dual write's endpoints, for operators.</summary>
internal static class DualWriteEndpoints
{
    // Lists of users and of discrepancies do not fit into the usual 4 KB: docs/decisions/0022.
    private const int MaximumBodyBytes = 65_536;

    private static readonly Problem s_notConfigured = new(
        409, "legacy-not-configured", "This process has no connection to a legacy database: ConnectionStrings:Legacy is not set.");

    public static void Map(IEndpointRouteBuilder app)
    {
        var ops = app.MapGroup("/dual-write").WithMetadata(new OnOpsListener())
            .ForOperators(new OperationGroup("Dual write", "Operators: the legacy order table beside the new schema."));
        Get("", "getDualWrite", "State of the dual write", "Mode, what waits, what differs, and the breaker.",
            ReadAsync, DualWriteJson.Default.DualWriteView);
        Get("/verifier", "getVerifier", "Progress of the continuous verifier", "All orders, then all legacy rows, round after round.",
            ReadVerifierAsync, DualWriteJson.Default.VerifierView);
        ops.MapGet("/discrepancies", ListAsync)
            .WithName("listDiscrepancies")
            .WithMetadata(DescribedHeader.NextPage)
            .WithSummary("Open discrepancies")
            .WithDescription("The newest first. " + ListPage.Description + "the id of the last discrepancy of the page before.")
            .Produces<IReadOnlyList<Discrepancy>>()
            .ProducesProblems(400, 401, 503);
        Get("/backfill", "getBackfill", "Progress of the backfill", "How many orders it has put into the outbox.",
            Backfill.ReadAsync, DualWriteJson.Default.BackfillView);
        ops.MapPut("", ChangeAsync)
            .ForAdmins()
            .RecordsBefore(async http => await ReadAsync(DatabaseOf(http), http.RequestAborted))
            .WithName("changeDualWrite")
            .WithSummary("Change how the legacy database is used")
            .WithDescription(
                "For admins. All processes follow within a second. A member that is absent keeps its value. After off or retired, run a "
                + "backfill.")
            .Accepts<DualWriteRequest>("application/json")
            .Produces<DualWriteView>()
            .ProducesProblems(400, 401, 408, 413, 415, 503)
            .ProducesProblems(s_notConfigured);
        ops.MapPost("/repair", RepairAsync)
            .WithName("repairDiscrepancies")
            .WithSummary("Rewrite the legacy rows of discrepancies and verify them again")
            .WithDescription("A dry run unless dryRun is false. Rows that only the legacy database has are left alone.")
            .Accepts<RepairRequest>(isOptional: true, "application/json")
            .Produces<RepairAnswer>()
            .ProducesProblems(400, 401, 408, 413, 415, 503);
        ops.MapPost("/backfill", async (NpgsqlDataSource database, CancellationToken cancellationToken) =>
            {
                await Backfill.StartAsync(database, cancellationToken);
                return Results.Json(
                    await Backfill.ReadAsync(database, cancellationToken), DualWriteJson.Default.BackfillView,
                    statusCode: StatusCodes.Status202Accepted);
            })
            .RecordsBefore(async http => await Backfill.ReadAsync(DatabaseOf(http), http.RequestAborted))
            .WithName("startBackfill")
            .WithSummary("Write every order that the legacy database lacks or has in an older state")
            .WithDescription("Has no effect while a backfill runs. A backfill continues by itself after a restart.")
            .Produces<BackfillView>(StatusCodes.Status202Accepted)
            .ProducesProblems(401, 503);

        void Get<T>(
            string path, string name, string summary, string description, Func<NpgsqlDataSource, CancellationToken, Task<T>> read,
            JsonTypeInfo<T> json) =>
            ops.MapGet(path, async (NpgsqlDataSource database, CancellationToken cancellationToken) =>
                    Results.Json(await read(database, cancellationToken), json))
                .WithName(name).WithSummary(summary).WithDescription(description).Produces<T>().ProducesProblems(401, 503);
    }

    private static NpgsqlDataSource DatabaseOf(HttpContext http) => http.RequestServices.GetRequiredService<NpgsqlDataSource>();

    private static Task<IResult> ListAsync(
        HttpContext http, NpgsqlDataSource database, CancellationToken cancellationToken, long? after = null, int? limit = null) =>
        ListPage.AnswerAsync(
            http, limit, size => DiscrepancyStore.ListAsync(database, null, after, size, cancellationToken), found => found.Id,
            DualWriteJson.Default.IReadOnlyListDiscrepancy);

    private static async Task<IResult> ChangeAsync(
        HttpContext http, DualWriteControl control, LegacyDatabase legacy, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var (request, problem) = await JsonBody.ReadAsync(
            http.Request, DualWriteJson.Default.DualWriteRequest, MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var mode = EnumText<DualWriteMode>.Find(request!.Mode);
        if (request.Mode is not null && mode is null)
        {
            return Problem.Invalid("mode", "this must be off, shadow, dual or retired");
        }

        if (request.ReadFromNewPercent is < 0 or > 100)
        {
            return Problem.Invalid("readFromNewPercent", "this must be a whole number from 0 to 100");
        }

        if (!legacy.IsConfigured && mode is DualWriteMode.Shadow or DualWriteMode.Dual)
        {
            return s_notConfigured;
        }

        await control.SetAsync(
            new DualWriteChange(mode, request.ReadFromNewPercent, request.UsersReadingNew, request.UsersReadingLegacy), cancellationToken);
        return Results.Json(await ReadAsync(database, cancellationToken), DualWriteJson.Default.DualWriteView);
    }

    private static async Task<IResult> RepairAsync(HttpContext http, Repair repair, CancellationToken cancellationToken)
    {
        var (request, problem) = http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false }
            ? (new RepairRequest(), null)
            : await JsonBody.ReadAsync(http.Request, DualWriteJson.Default.RepairRequest, MaximumBodyBytes, cancellationToken);
        return problem ?? Results.Json(
            await repair.RunAsync(request!.DryRun ?? true, request.Ids, cancellationToken), DualWriteJson.Default.RepairAnswer);
    }

    private static async Task<DualWriteView> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var now = await DualWriteState.ReadAsync(database, cancellationToken);
        return new DualWriteView(
            EnumText<DualWriteMode>.Parse(now.Mode), now.ReadFromNewPercent, now.Pending, now.Verified, now.Mismatched, now.Missing,
            now.LagSeconds, EnumText<BreakerState>.Parse(now.Breaker));
    }

    private static async Task<VerifierView> ReadVerifierAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var row = await database.SingleAsync<VerifierRow>(
            "select round, phase, checked, lagging, round_started_at, last_round_orders, last_round_seconds from legacy_verifier",
            null, cancellationToken);
        return new VerifierView(
            row.Round, EnumText<VerifierPhase>.Parse(row.Phase), row.Checked, row.Lagging, row.RoundStartedAt, row.LastRoundOrders,
            row.LastRoundSeconds);
    }

    private sealed record VerifierRow(
        long Round, string Phase, long Checked, long Lagging, DateTime RoundStartedAt, long? LastRoundOrders, double? LastRoundSeconds);
}
