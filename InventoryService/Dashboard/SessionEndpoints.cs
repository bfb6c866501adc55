namespace Seckill.InventoryService.Dashboard;

/// <summary>
/// (13) The sign-in of the page: it sends the key once and gets a cookie that its scripts cannot read. Does not need a store, because
/// operators look at the dashboard most while one is down.
/// </summary>
internal static partial class SessionEndpoints
{
    private const string Path = "/dashboard/session";

    public static void Map(WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SessionEndpoints).FullName!);
        // 204 and not 401 for a page that asks whether it is signed in: browsers write every 401 into their console.
        app.MapGet(Path, (HttpContext http, OperatorSessions sessions) =>
            sessions.Find(http.Request) is { } who ? Results.Json(ViewOf(who)) : Results.NoContent()).ExcludeFromDescription();
        app.MapPost(Path, (HttpContext http, OperatorSessions sessions) =>
            {
                var who = OperatorIdentity.Of(http);
                sessions.Begin(http.Response, who);
                LogSignedIn(logger, who.Name, who.Role);
                return Results.Json(ViewOf(who));
            })
            .WithMetadata(new RequiresOpsKey(), new RequiresRole(OperatorRole.Viewer), new IsNoAction()).ExcludeFromDescription();
        app.MapDelete(Path, (HttpContext http, OperatorSessions sessions) =>
            {
                sessions.End(http.Response);
                return Results.NoContent();
            })
            .ExcludeFromDescription();
    }

    private static SessionView ViewOf(OperatorIdentity who) => new(who.Name, who.Role.ToString().ToLowerInvariant());

    [LoggerMessage(491, LogLevel.Information, "{Operator} signed in to the dashboard as {Role}.")]
    private static partial void LogSignedIn(ILogger logger, string @operator, OperatorRole role);

    private sealed record SessionView(string Operator, string Role);
}
