using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Seckill.Shared.Schema;

namespace Seckill.Shared.Operators;

/// <summary>
/// Records every action of an operator in PostgreSQL: the intent before it begins, so that no action is without a record, whatever dies;
/// and its outcome before the caller has the answer. While PostgreSQL is down an action is refused: it could not change a row either.
/// </summary>
internal sealed partial class OperatorActionLog(NpgsqlDataSource database, IHostEnvironment environment, ILogger<OperatorActionLog> logger)
{
    // The state of a sale of a thousand items fits; an audit with thousands of findings is in audit_repairs.
    private const int LongestState = 256 * 1024;

    /// <summary>The name of an action: that of its operation.</summary>
    public static string NameOf(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? http.Request.Method;

    /// <summary>Runs the action and records it.</summary>
    public async Task RecordAsync(HttpContext http, OperatorIdentity who, RequestDelegate next)
    {
        var before = http.GetEndpoint()!.Metadata.GetMetadata<StateBefore>() is { } state ? await state.ReadAsync(http) : null;
        var id = await database.SingleAsync<long>(
            """
            insert into operator_actions (operator, role, origin, service, action, target, before)
            values (@Name, @Role, @Origin, @Service, @Action, @Target, @Before::json)
            returning id
            """,
            new
            {
                who.Name, Role = who.Role.ToString().ToLowerInvariant(), Origin = http.Connection.RemoteIpAddress?.ToString(),
                Service = environment.ApplicationName, Action = NameOf(http),
                Target = $"{http.Request.Method} {http.Request.Path.ToUriComponent()}{http.Request.QueryString}",
                Before = Text(http, before),
            },
            http.RequestAborted);
        var body = http.Response.Body;
        using var answer = new MemoryStream();
        http.Response.Body = answer;
        try
        {
            await next(http);
            await http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().CompleteAsync();
        }
        finally
        {
            http.Response.Body = body;
        }

        await TryCompleteAsync(id, http, answer);
        if (!http.RequestAborted.IsCancellationRequested)
        {
            await body.WriteAsync(answer.GetBuffer().AsMemory(0, (int)answer.Length));
        }
    }

    // The action is done: the caller must hear of it, whether or not the record has its outcome.
    private async Task TryCompleteAsync(long id, HttpContext http, MemoryStream answer)
    {
        var response = http.Response;
        var isJson = response.ContentType?.Contains("json", StringComparison.Ordinal) == true;
        var after = isJson && answer.Length is > 0 and <= LongestState ? Encoding.UTF8.GetString(answer.ToArray()) : null;
        if (after is not null && http.GetEndpoint()?.Metadata.GetMetadata<AnswersSecret>() is { Member: var secret }
            && JsonNode.Parse(after) is JsonObject members && members.Remove(secret))
        {
            after = members.ToJsonString();
        }

        try
        {
            await database.ExecuteAsync(
                "update operator_actions set status = @StatusCode, after = @after::json where id = @id",
                new { id, response.StatusCode, after }, CancellationToken.None);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            LogIncomplete(id, exception.Message);
        }
    }

    private static string? Text(HttpContext http, object? state)
    {
        var json = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        var text = state is null ? null : JsonSerializer.Serialize(state, state.GetType(), json);
        return text?.Length <= LongestState ? text : null;
    }

    [LoggerMessage(132, LogLevel.Warning, "The outcome of operator action {Id} could not be recorded: {Reason}")]
    private partial void LogIncomplete(long id, string reason);
}
