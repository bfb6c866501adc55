using System.Text.Json;
using Microsoft.Extensions.Options;
using Seckill.Shared.Http;
using Seckill.Shared.OpenApi;
using Seckill.Shared.Schema;
using Seckill.Shared.Security;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Operators;

/// <summary>Who may use the ops interface, and what they did with it.</summary>
public static class OperatorsFeature
{
    /// <exception cref="InvalidSettingException">A key or an operator is missing or invalid.</exception>
    internal static void AddTo(IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddValidatedOptions<OperatorAccessOptions>("OpsAccess");
        // Read now, so that a wrong one stops the start.
        var operators = new OperatorList(builder.Configuration, builder.Environment, TimeProvider.System);
        var secret = InstallationSecret.Of(builder.Configuration, builder.Environment);
        services.AddSingleton(operators);
        services.AddSingleton(provider => new OperatorSessions(
            secret, operators, builder.Environment, provider.GetRequiredService<IOptions<OperatorAccessOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<OperatorActionLog>();
        services.AddSingleton<OperatorGuard>();
    }

    internal static void Use(WebApplication app) => app.Services.GetRequiredService<OperatorGuard>().Use(app);

    /// <summary>Maps <c>GET /operator-actions</c>: those of all processes.</summary>
    public static void MapOperatorActions(this WebApplication app) =>
        app.MapGet("/operator-actions", ListAsync)
            .ForOperators(new OperationGroup("Operator actions", "What operators did."))
            .WithName("listOperatorActions")
            .WithMetadata(DescribedHeader.NextPage)
            .WithSummary("List the actions of operators")
            .WithDescription(
                "The newest first, of both services, also those that were refused for their content. Reads are not recorded. "
                + ListPage.Description + "the id of the last action of the page before.")
            .Produces<IReadOnlyList<OperatorAction>>()
            .ProducesProblems(400, 401, 503);

    private static Task<IResult> ListAsync(
        HttpContext http, NpgsqlDataSource database, CancellationToken cancellationToken, long? after = null, int? limit = null) =>
        ListPage.AnswerAsync<OperatorAction>(
            http, limit,
            async size => (await database.QueryAsync<Row>(
                """
                select id, at, operator, role, origin, service, action, target, status, before::text, after::text
                from operator_actions
                where @after::bigint is null or id < @after
                order by id desc
                limit @size
                """,
                new { after, size }, cancellationToken)).ConvertAll(row => new OperatorAction(
                    row.Id, row.At, row.Operator, row.Role, row.Origin, row.Service, row.Action, row.Target, row.Status, Json(row.Before),
                    Json(row.After))),
            action => action.Id);

    private static JsonElement? Json(string? text) => text is null ? null : JsonSerializer.Deserialize<JsonElement>(text);

    private sealed record Row(
        long Id, DateTimeOffset At, string Operator, string Role, string? Origin, string Service, string Action, string Target, int? Status,
        string? Before, string? After);
}
