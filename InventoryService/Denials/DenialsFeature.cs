using Seckill.InventoryService.Operations;

namespace Seckill.InventoryService.Denials;

/// <summary>Users who may not order: bots, fraud; and tokens that are not accepted. Storefronts follow within a second.</summary>
internal static class DenialsFeature
{
    internal const int MaximumBodyBytes = 4_096;
    private const int LongestReason = 200;
    private const string Columns = "user_id, reason, denied_by, denied_at";

    public static void MapDenials(this WebApplication app)
    {
        var group = new OperationGroup("Denials", "Users who may not order, and tokens that are not accepted.");
        RevokedTokens.Map(app, group);
        var denials = app.MapGroup("/denied-users").ForOperators(group);
        denials.MapGet("", ListAsync)
            .WithName("listDeniedUsers")
            .WithMetadata(DescribedHeader.NextPage)
            .WithSummary("List the users who may not order")
            .WithDescription("In the order of their ids. " + ListPage.Description + "the id of the last user of the page before.")
            .Produces<IReadOnlyList<DeniedUser>>()
            .ProducesProblems(400, 401, 503);
        denials.MapPut("/{userId:id}", DenyAsync)
            .RecordsBefore(FindAsync)
            .WithName("denyUser")
            .WithSummary("Deny a user to order")
            .WithDescription(
                "Every storefront follows within a second: POST /orders gets 403 user-denied. Orders that the user has stay as they are. "
                + "May be repeated, with another reason.")
            .Accepts<DenyUser>("application/json")
            .Produces<DeniedUser>()
            .ProducesProblems(400, 401, 408, 413, 415, 503);
        denials.MapDelete("/{userId:id}", AllowAsync)
            .RecordsBefore(FindAsync)
            .WithName("allowUser")
            .WithSummary("Let a denied user order again")
            .WithDescription("Every storefront follows within a second.")
            .Produces<DeniedUser>()
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.NotDenied);
    }

    private static Task<IResult> ListAsync(
        HttpContext http, NpgsqlDataSource database, CancellationToken cancellationToken, long? after = null, int? limit = null) =>
        ListPage.AnswerAsync<DeniedUser>(
            http, limit,
            async size => await database.QueryAsync<DeniedUser>(
                $"select {Columns} from denied_users where @after::bigint is null or user_id > @after order by user_id limit @size",
                new { after, size }, cancellationToken),
            user => user.UserId);

    private static async Task<IResult> DenyAsync(
        long userId, HttpContext http, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var (request, problem) = await JsonBody.ReadAsync(
            http.Request, DenialsJson.Default.DenyUser, MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (userId < 1)
        {
            return Problem.Invalid("userId", "this must be a positive integer");
        }

        return request!.Reason is { } reason && IsReason(reason)
            ? Results.Json(await database.SingleAsync<DeniedUser>(
                $"""
                insert into denied_users (user_id, reason, denied_by) values (@userId, @reason, @by)
                on conflict (user_id) do update set reason = excluded.reason, denied_by = excluded.denied_by, denied_at = now()
                returning {Columns}
                """,
                new { userId, reason, by = OperatorIdentity.Of(http).Name }, cancellationToken))
            : Unreasoned;
    }

    /// <summary>Whether it can be stored, and says something.</summary>
    internal static bool IsReason(string reason) => reason.Length is > 0 and <= LongestReason && !reason.Contains('\0');

    /// <summary>The refusal of any other.</summary>
    internal static Problem Unreasoned => Problem.Invalid("reason", $"this must have 1 to {LongestReason} characters");

    private static async Task<IResult> AllowAsync(long userId, NpgsqlDataSource database, CancellationToken cancellationToken) =>
        await database.QueryAsync<DeniedUser>(
            $"delete from denied_users where user_id = @userId returning {Columns}", new { userId }, cancellationToken) is [var user]
            ? Results.Json(user) : Refusals.NotDenied;

    private static async Task<object?> FindAsync(HttpContext http) =>
        (await http.RequestServices.GetRequiredService<NpgsqlDataSource>().QueryAsync<DeniedUser>(
            $"select {Columns} from denied_users where user_id = @userId", new { userId = IdConstraint.Of(http, "userId") },
            http.RequestAborted)).FirstOrDefault();
}

/// <summary>Why a user may not order.</summary>
/// <remarks>Nullable, so that a missing field can be named.</remarks>
/// <param name="Reason">For other operators, 1 to 200 characters.</param>
public sealed record DenyUser(string? Reason);

/// <summary>A user who may not order.</summary>
/// <param name="Reason">For other operators.</param>
/// <param name="DeniedBy">The name of the operator.</param>
/// <param name="DeniedAt">UTC.</param>
public sealed record DeniedUser(long UserId, string Reason, string DeniedBy, DateTimeOffset DeniedAt);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false, MaxDepth = 8)]
[JsonSerializable(typeof(DenyUser))]
[JsonSerializable(typeof(RevokeToken))]
internal sealed partial class DenialsJson : JsonSerializerContext;
