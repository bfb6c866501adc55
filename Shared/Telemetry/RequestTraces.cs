using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Trace;

namespace Seckill.Shared.Telemetry;

/// <summary>
/// Draws requests by lot and makes the span of a drawn one, so that the others cost the lot and nothing else: the server's own spans
/// would be made for all of them, to be dropped. Tags are those of OpenTelemetry's conventions for HTTP servers.
/// </summary>
internal sealed class RequestTraces
{
    private readonly RequestDelegate _next;
    private readonly double _ratio;
    private readonly bool _trustsCallers;

    private RequestTraces(RequestDelegate next, TelemetryOptions options) =>
        (_next, _ratio, _trustsCallers) = (next, options.TraceRatio, options.TrustTraceParent);

    /// <summary>Comes before routing, for the busiest endpoint is short-circuited there.</summary>
    public static void Use(WebApplication app)
    {
        if (app.Services.GetService<OtlpExport>() is not null)
        {
            var options = app.Services.GetRequiredService<IOptions<TelemetryOptions>>().Value;
            app.Use(next => new RequestTraces(next, options).AnswerAsync);
        }
    }

    private Task AnswerAsync(HttpContext http) => IsDrawn(http, out var caller) ? TraceAsync(http, caller) : _next(http);

    // The caller's own wish counts only when callers are trusted, or buyers would decide what it costs.
    private bool IsDrawn(HttpContext http, out ActivityContext caller)
    {
        var headers = http.Request.Headers;
        caller = default;
        return _trustsCallers && ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out caller)
            ? caller.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
#pragma warning disable CA5394 // Nobody gains by guessing this lot.
            : Random.Shared.NextDouble() < _ratio;
#pragma warning restore CA5394
    }

    private async Task TraceAsync(HttpContext http, ActivityContext caller)
    {
        var method = HttpMethods.GetCanonicalizedValue(http.Request.Method);
        // The server has one for its log, which is not exported and so is nobody's parent.
        Activity.Current = null;
        using var span = BatchTrace.Source.StartActivity(method, ActivityKind.Server, caller);
        try
        {
            await _next(http);
        }
        catch (Exception exception)
        {
            span?.SetStatus(ActivityStatusCode.Error, exception.Message);
            throw;
        }

        if (span is not null)
        {
            Describe(span, http, method);
        }
    }

    private static void Describe(Activity span, HttpContext http, string method)
    {
        if (http.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route })
        {
            span.DisplayName = $"{method} {route}";
            span.SetTag("http.route", route);
        }

        var status = http.Response.StatusCode;
        span.SetTag("http.request.method", method);
        span.SetTag("url.scheme", http.Request.Scheme);
        span.SetTag("url.path", http.Request.Path.Value);
        span.SetTag("http.response.status_code", status);
        if (status >= StatusCodes.Status500InternalServerError)
        {
            span.SetStatus(ActivityStatusCode.Error);
        }
    }

    /// <summary>What a drawn request causes is recorded, here and in other processes; rounds of background services are not.</summary>
    internal sealed class Sampler : OpenTelemetry.Trace.Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
            new(samplingParameters.Kind == ActivityKind.Server
                || samplingParameters.ParentContext.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
                    ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }
}
