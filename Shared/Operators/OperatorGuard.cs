using System.Net;
using Microsoft.Extensions.Options;
using Seckill.Shared.Http;
using Seckill.Shared.Security;

namespace Seckill.Shared.Operators;

/// <summary>
/// Admits a request to an endpoint of the ops interface when a key, or a session of the dashboard, names an operator whose role allows it;
/// refuses all others before their body is read. What an operator then changes is recorded.
/// </summary>
internal sealed partial class OperatorGuard(
    OperatorList operators, OperatorSessions sessions, OperatorActionLog actions, IOptions<OperatorAccessOptions> options,
    TimeProvider clock, ILogger<OperatorGuard> logger)
{
    private const string Scheme = "Bearer ";
    private readonly RateLimit _failures = new(options.Value.FailureBurst, perSecond: 1, clock);

    public void Use(IApplicationBuilder app) => app.Use((http, next) =>
        http.GetEndpoint()?.Metadata.GetMetadata<RequiresOpsKey>() is null ? next(http) : GuardAsync(http, next));

    private Task GuardAsync(HttpContext http, RequestDelegate next)
    {
        if (Refuse(http, out var who) is { } refusal)
        {
            return refusal.ExecuteAsync(http);
        }

        http.Features.Set(who);
        return IsRead(http.Request) || http.GetEndpoint()!.Metadata.GetMetadata<IsNoAction>() is not null
            ? next(http)
            : actions.RecordAsync(http, who!, next);
    }

    private Problem? Refuse(HttpContext http, out OperatorIdentity? who)
    {
        var header = http.Request.Headers.Authorization;
        var key = header.Count == 1 && header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? header[0]![Scheme.Length..] : null;
        who = key is not null ? operators.Find(key) : header.Count == 0 ? sessions.Find(http.Request) : null;
        if (who is null)
        {
            return RefuseUnknown(http, isAttempt: key?.Length > 0);
        }

        var needed = http.GetEndpoint()!.Metadata.GetMetadata<RequiresRole>()?.Role
            ?? (IsRead(http.Request) ? OperatorRole.Viewer : OperatorRole.Operator);
        if (who.Role < needed || (key is null && IsFromElsewhere(http.Request)))
        {
            LogForbidden(who.Name, who.Role, OperatorActionLog.NameOf(http));
            return OperatorRefusals.Forbidden;
        }

        return null;
    }

    private Problem RefuseUnknown(HttpContext http, bool isAttempt)
    {
        if (!isAttempt)
        {
            return OperatorRefusals.Unauthenticated;
        }

        var origin = http.Connection.RemoteIpAddress ?? IPAddress.None;
        if (!_failures.TryAcquire(origin))
        {
            return OperatorRefusals.TooManyFailures;
        }

        LogWrong(origin);
        return OperatorRefusals.Unauthenticated;
    }

    private static bool IsRead(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    // SameSite keeps the cookie from other sites, and not from other names of the same site. Browsers send it with every change.
    private static bool IsFromElsewhere(HttpRequest request) =>
        !IsRead(request) && request.Headers.Origin is [{ } origin, ..]
        && !(Uri.TryCreate(origin, UriKind.Absolute, out var page)
            && Uri.TryCreate($"{page.Scheme}://{request.Host}", UriKind.Absolute, out var here) && page.Authority == here.Authority);

    [LoggerMessage(130, LogLevel.Warning, "The ops interface was called with a wrong key from {Origin}.")]
    private partial void LogWrong(IPAddress origin);
    [LoggerMessage(131, LogLevel.Warning, "{Operator}, with the role {Role}, was refused {Action}.")]
    private partial void LogForbidden(string @operator, OperatorRole role, string action);
}
