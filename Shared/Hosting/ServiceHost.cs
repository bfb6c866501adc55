using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Scalar.AspNetCore;
using Seckill.Shared.Http;
using Seckill.Shared.Schema;
using Seckill.Shared.Security;
using Seckill.Shared.Settings;
using Seckill.Shared.Telemetry;
using StackExchange.Redis;

namespace Seckill.Shared.Hosting;

/// <summary>What every process has: strict JSON, errors as problems, health, metrics, OpenAPI, a bounded stop.</summary>
public static partial class ServiceHost
{
    private static readonly Problem s_unavailable = new(
        StatusCodes.Status503ServiceUnavailable,
        "unavailable",
        "A store that this needs is away. It is safe to try again.",
        retryAfterSeconds: 1);

    /// <summary>A builder with the settings that all services share.</summary>
    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        // Without what nobody here uses: IIS, HTTP/3, loggers for developers, static files.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = args,
            // appsettings.json stands beside the program, wherever it is started from.
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        if (!builder.Environment.IsDevelopment())
        {
            // The scopes are the trace, the span and the request.
            builder.Logging.ClearProviders().AddJsonConsole(json => (json.IncludeScopes, json.UseUtcTimestamp, json.TimestampFormat) =
                (true, true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));
        }

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddHealthChecks();
        HealthGauge.AddTo(builder.Services);
        TelemetryFeature.AddTo(builder.Services);
        builder.Services.AddOpenApi();
        GracefulStop.AddTo(builder.Services, builder.Environment);
        builder.Services.ConfigureHttpJsonOptions(http =>
        {
            var json = http.SerializerOptions;
            json.AllowDuplicateProperties = false;
            json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.NumberHandling = JsonNumberHandling.Strict;
            // As deep as the description of our own answers; what callers send is read by stricter options.
            json.MaxDepth = 16;
            json.Converters.Add(new UtcTimeConverter());
        });
        var opsKey = new OpsKey(builder.Configuration.RequiredSecret(builder.Environment, "Auth:OpsKey", DevelopmentKeys.Ops));
        builder.Services.AddSingleton(opsKey);
        return builder;
    }

    /// <summary>Comes first, before routing: what holds for every request, whichever way it takes.</summary>
    public static void UseEntrance(this WebApplication app)
    {
        // Takes long, so the other core does it while the endpoints are mapped.
        _ = Task.Run(app.Services.GetRequiredService<MeterProvider>);
        GracefulStop.Use(app);
    }

    /// <summary>The pipeline and the endpoints that are the same everywhere. Comes before a service's own endpoints.</summary>
    public static void UseServiceDefaults(this WebApplication app)
    {
        app.UseExceptionHandler(handler => handler.Run(context =>
            ToProblem(context.Features.Get<IExceptionHandlerFeature>()?.Error).ExecuteAsync(context)));
        app.UseStatusCodePages(pages => Bare(pages.HttpContext.Response.StatusCode).ExecuteAsync(pages.HttpContext));
        app.Services.GetRequiredService<OpsKey>().Guard(app);
        app.MapHealth();
        app.MapOpenApi();
        if (app.Environment.IsDevelopment())
        {
            // All of it comes from the assembly; what would ask servers of its makers is left out.
            app.MapScalarApiReference(scalar =>
                scalar.DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideDeveloperTools());
        }
    }

    /// <summary>Runs it. The endpoint of metrics comes last, because it waits until they are counted.</summary>
    public static Task RunServiceAsync(this WebApplication app)
    {
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app.RunAsync();
    }

    /// <summary>
    /// The answer to a failed request of an endpoint that does without the pipeline (<c>ShortCircuit</c>): the same as the
    /// pipeline's.
    /// </summary>
    public static Task AnswerAsync(HttpContext http, Exception error)
    {
        if (http.RequestAborted.IsCancellationRequested || http.Response.HasStarted)
        {
            http.Abort();
            return Task.CompletedTask;
        }

        var problem = ToProblem(error);
        if (problem.Status == StatusCodes.Status500InternalServerError)
        {
            LogUnhandled(http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ServiceHost).FullName!), error);
        }

        return problem.ExecuteAsync(http);
    }

    private static Problem ToProblem(Exception? error) => error switch
    {
        BadHttpRequestException bad when bad.StatusCode != StatusCodes.Status400BadRequest => Bare(bad.StatusCode),
        BadHttpRequestException => Problem.Invalid("request", "it is malformed"),
        RedisException or TimeoutException => s_unavailable,
        _ when PostgresErrors.IsUnavailable(error) => s_unavailable,
        _ => Bare(StatusCodes.Status500InternalServerError),
    };

    [LoggerMessage(1, LogLevel.Error, "An exception was not expected.")]
    private static partial void LogUnhandled(ILogger logger, Exception exception);

    private static Problem Bare(int status) => status switch
    {
        StatusCodes.Status400BadRequest => Problem.Invalid("request", "it is malformed"),
        StatusCodes.Status404NotFound => new Problem(status, "not-found", "There is nothing here."),
        StatusCodes.Status405MethodNotAllowed => new Problem(status, "method-not-allowed", "This method is not supported here."),
        StatusCodes.Status413PayloadTooLarge => Problem.TooLarge,
        StatusCodes.Status415UnsupportedMediaType => Problem.NotJson,
        StatusCodes.Status500InternalServerError => new Problem(status, "internal-error", "Something went wrong here; it has been logged."),
        _ => new Problem(status, "http-" + status.ToString(CultureInfo.InvariantCulture), "The request cannot be answered."),
    };
}
