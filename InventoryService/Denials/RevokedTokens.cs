using System.ComponentModel.DataAnnotations;
using Seckill.InventoryService.Operations;

namespace Seckill.InventoryService.Denials;

/// <summary>Tokens of buyers that are not accepted any more, because they were stolen. Storefronts follow within a second.</summary>
internal static class RevokedTokens
{
    private const int LongestId = 200;
    private const string IdRule = "this must have 1 to 200 characters";
    private const string Columns = "token_id, reason, revoked_by, revoked_at, expires_at";

    // Longer than any token should live.
    private static readonly TimeSpan s_longestLife = TimeSpan.FromDays(30);

    public static void Map(IEndpointRouteBuilder app, OperationGroup group)
    {
        var tokens = app.MapGroup("/revoked-tokens").ForOperators(group);
        tokens.MapGet("", ListAsync)
            .WithName("listRevokedTokens")
            .WithMetadata(DescribedHeader.NextPage)
            .WithSummary("List the tokens that are not accepted")
            .WithDescription("In the order of their ids. " + ListPage.Description + "the id of the last token of the page before.")
            .Produces<IReadOnlyList<RevokedToken>>()
            .ProducesProblems(400, 401, 503);
        tokens.MapPut("", RevokeAsync)
            .RecordsBefore(FindAsync)
            .WithName("revokeToken")
            .WithSummary("Accept a token no more")
            .WithDescription(
                "The token has this id as its claim jti. Every storefront follows within a second: requests with it, and with tokens that "
                + "were exchanged for it, get 401 unauthenticated. Its user may go on with another one. May be repeated.")
            .Accepts<RevokeToken>("application/json")
            .Produces<RevokedToken>()
            .ProducesProblems(400, 401, 408, 413, 415, 503);
        tokens.MapDelete("", AcceptAsync)
            .RecordsBefore(FindAsync)
            .WithName("acceptToken")
            .WithSummary("Accept a revoked token again")
            .WithDescription("Every storefront follows within a second.")
            .Produces<RevokedToken>()
            .ProducesProblems(400, 401, 503)
            .ProducesProblems(Refusals.NotRevoked);
    }

    // PostgreSQL stores no text with a zero.
    private static bool IsId(string? text) => text is { Length: > 0 and <= LongestId } && !text.Contains('\0');

    private static async Task<IResult> ListAsync(
        HttpContext http, NpgsqlDataSource database, CancellationToken cancellationToken, string? after = null, int? limit = null) =>
        after is not null && !IsId(after)
            ? Problem.Invalid("after", IdRule)
            : await ListPage.AnswerAsync<RevokedToken>(
                http, limit,
                async size => await database.QueryAsync<RevokedToken>(
                    $"""
                    select {Columns} from revoked_tokens
                    where (@after::text is null or token_id > @after) and expires_at > now() order by token_id limit @size
                    """,
                    new { after, size }, cancellationToken),
                token => token.TokenId);

    private static async Task<IResult> RevokeAsync(
        string tokenId, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellationToken)
    {
        var (request, problem) = await JsonBody.ReadAsync(
            http.Request, DenialsJson.Default.RevokeToken, DenialsFeature.MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (!IsId(tokenId))
        {
            return Problem.Invalid("tokenId", IdRule);
        }

        var now = clock.GetUtcNow();
        var expiresAt = request!.ExpiresAt ?? now + s_longestLife;
        if (expiresAt < now || expiresAt > now + s_longestLife)
        {
            return Problem.Invalid("expiresAt", $"this must be in the next {s_longestLife.TotalDays} days");
        }

        return request.Reason is { } reason && DenialsFeature.IsReason(reason)
            ? Results.Json(await database.SingleAsync<RevokedToken>(
                // Those that have expired are refused for that.
                $"""
                with expired as (delete from revoked_tokens where expires_at < now() and token_id <> @tokenId)
                insert into revoked_tokens (token_id, reason, revoked_by, expires_at) values (@tokenId, @reason, @by, @expiresAt)
                on conflict (token_id) do update
                set reason = excluded.reason, revoked_by = excluded.revoked_by, revoked_at = now(), expires_at = excluded.expires_at
                returning {Columns}
                """,
                new { tokenId, reason, by = OperatorIdentity.Of(http).Name, expiresAt = expiresAt.UtcDateTime }, cancellationToken))
            : DenialsFeature.Unreasoned;
    }

    private static async Task<IResult> AcceptAsync(string tokenId, NpgsqlDataSource database, CancellationToken cancellationToken) =>
        IsId(tokenId) && await database.QueryAsync<RevokedToken>(
            $"delete from revoked_tokens where token_id = @tokenId returning {Columns}", new { tokenId }, cancellationToken) is [var token]
            ? Results.Json(token) : Refusals.NotRevoked;

    private static async Task<object?> FindAsync(HttpContext http)
    {
        var tokenId = (string?)http.Request.Query["tokenId"];
        return !IsId(tokenId) ? null
            : (await http.RequestServices.GetRequiredService<NpgsqlDataSource>().QueryAsync<RevokedToken>(
                $"select {Columns} from revoked_tokens where token_id = @tokenId", new { tokenId }, http.RequestAborted)).FirstOrDefault();
    }
}

/// <summary>Why a token is not accepted.</summary>
/// <remarks>Nullable, so that a missing field can be named.</remarks>
/// <param name="Reason">For other operators, 1 to 200 characters.</param>
/// <param name="ExpiresAt">When the token expires by itself, with an offset, in the next 30 days; 30 days from now by default.</param>
public sealed record RevokeToken([property: StringLength(200, MinimumLength = 1)] string? Reason, DateTimeOffset? ExpiresAt = null);

/// <summary>A token that is not accepted.</summary>
/// <param name="TokenId">Its claim <c>jti</c>.</param>
/// <param name="Reason">For other operators.</param>
/// <param name="RevokedBy">The name of the operator.</param>
/// <param name="RevokedAt">UTC.</param>
/// <param name="ExpiresAt">UTC; the entry is forgotten then.</param>
public sealed record RevokedToken(string TokenId, string Reason, string RevokedBy, DateTimeOffset RevokedAt, DateTimeOffset ExpiresAt);
