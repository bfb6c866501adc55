using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Seckill.Fuzz;
using Seckill.Fuzz.Contract;
using Answer = Seckill.Fuzz.Wire.RawAnswer;
using RawRequest = Seckill.Fuzz.Wire.RawRequest;

namespace Seckill.Tests.Harness;

/// <summary>
/// Promise: what the OpenAPI document says is what is sent. Holds every answer that a test gets from a service in this process against the
/// service's own document: status, code, headers, body. An answer that does not fit is replaced by 599 with the reason, so the test that
/// asked for it fails. Broken by a member, a status, a code or a header that the document lacks or has too many.
/// </summary>
internal sealed class DocumentedAnswers : IStartupFilter
{
    private const int NotDocumented = 599;
    private const int ChecksOfAKind = 100;
    private static readonly string[] s_undescribed = ["/openapi", "/metrics", "/health", "/scalar", "/dashboard", "/warm-up", "/queue"];
    private readonly ConcurrentDictionary<(Operation?, int), int> _checks = new();
    private readonly ConcurrentDictionary<int, Lazy<Task<Service>>> _documents = new();

    /// <summary>Has every answer of a service checked.</summary>
    public static void AddTo(IWebHostBuilder builder) =>
        builder.ConfigureServices(services => services.AddSingleton<IStartupFilter, DocumentedAnswers>());

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(CheckAsync);
        next(app);
    };

    private async Task CheckAsync(HttpContext http, RequestDelegate next)
    {
        // A stream of events is not held back; the fuzzer judges its events.
        var path = http.Request.Path;
        var isStream = path.StartsWithSegments("/orders") && path.Value!.EndsWith("/events", StringComparison.Ordinal);
        if (isStream || path == "/" || s_undescribed.Any(one => path.StartsWithSegments(one)))
        {
            await next(http);
            return;
        }

        var sent = http.Response.Body;
        using var held = new MemoryStream();
        http.Response.Body = held;
        await next(http);
        await http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().CompleteAsync();
        http.Response.Body = sent;
        var body = held.ToArray();
        if (!http.RequestAborted.IsCancellationRequested && await WhyNotAsync(http, body) is { } reason)
        {
            body = Encoding.UTF8.GetBytes(reason);
            http.Response.Clear();
            http.Response.StatusCode = NotDocumented;
        }

        await sent.WriteAsync(body);
    }

    private async Task<string?> WhyNotAsync(HttpContext http, byte[] body)
    {
        var port = http.Connection.LocalPort;
        var service = await _documents.GetOrAdd(
            port, _ => new(() => Service.ReadAsync("service", new Uri($"http://127.0.0.1:{port}")))).Value;
        var (method, path) = (http.Request.Method, http.Request.Path.Value!);
        var operation = service.Find(method, path);
        // Preflights are the protocol of browsers. And a thousand answers of a kind show no more than a hundred.
        if (method == "OPTIONS"
            || _checks.AddOrUpdate((operation, http.Response.StatusCode), 1, (_, count) => count + 1) > ChecksOfAKind)
        {
            return null;
        }

        var request = new RawRequest { Service = service, Operation = operation, Method = method, Target = path };
        var headers = http.Response.Headers.SelectMany(header => header.Value.Select(value => (header.Key, value ?? ""))).ToArray();
        var broken = AnswerRules.Check(request, new Answer(http.Response.StatusCode, headers, body, IsComplete: true)).ToList();
        return broken.Count == 0 ? null : $"{method} {path}: {string.Join("; ", broken)}\n{Encoding.UTF8.GetString(body)}";
    }
}
