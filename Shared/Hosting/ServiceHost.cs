using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Diagnostics;
using OpenTelemetry.Metrics;
using Scalar.AspNetCore;
using Seckill.Shared.Http;
using Seckill.Shared.OpenApi;
using Seckill.Shared.Operators;
using Seckill.Shared.Schema;
using Seckill.Shared.Settings;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Hosting;

/// <summary>Common parts of every process: strict JSON, errors as problems, health, metrics, OpenAPI, a bounded stop.</summary>
public static partial class ServiceHost
{
    private static readonly Problem s_unavailable = new(
        503, "unavailable", "A store that this request needs is down. It is safe to retry.", retryAfterSeconds: 1)
    {
        RetryAfterSpreadSeconds = 2,
    };

    /// <summary>A builder with the settings that all services share.</summary>
    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        // The slim builder omits IIS, HTTP/3, development loggers and static files, which are unused.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = args,
            // appsettings.json is beside the program, whatever the working directory is.
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
        builder.Services.Configure<RouteOptions>(routes => routes.SetParameterPolicy<IdConstraint>("id"));
        InterfaceDescription.AddTo(builder.Services);
        GracefulStop.AddTo(builder.Services, builder.Environment);
        ServerOptions.AddTo(builder.Services);
        ManagementListener.AddTo(builder);
        builder.Services.ConfigureHttpJsonOptions(http =>
        {
            var json = http.SerializerOptions;
            json.AllowDuplicateProperties = false;
            json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.NumberHandling = JsonNumberHandling.Strict;
            // As deep as the OpenAPI description of the answers; request bodies are read with stricter options.
            json.MaxDepth = 16;
            json.Converters.Add(new UtcTimeConverter());
        });
        OperatorsFeature.AddTo(builder);
        return builder;
    }

    /// <summary>Must come first, before routing: it applies to every request.</summary>
    public static void UseEntrance(this WebApplication app)
    {
        // Slow, so another core does it while the endpoints are mapped.
        _ = Task.Run(app.Services.GetRequiredService<MeterProvider>);
        GracefulStop.Use(app);
        DefaultHeaders.Use(app);
        app.Services.GetRequiredService<ManagementListener>().UseBeforeRouting(app);
    }

    /// <summary>The common pipeline and endpoints. Must come before the endpoints of the service.</summary>
    public static void UseServiceDefaults(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = context =>
            {
                DefaultHeaders.Set(context.Response);
                return ToProblem(context.Features.Get<IExceptionHandlerFeature>()?.Error).ExecuteAsync(context);
            },
            // A caller must not be able to write errors into the log, or to set off the alerts that read it.
            SuppressDiagnosticsCallback = context => IsFaultOfCaller(context.Exception),
        });
        app.UseStatusCodePages(pages => Bare(pages.HttpContext.Response.StatusCode).ExecuteAsync(pages.HttpContext));
        app.Services.GetRequiredService<ManagementListener>().UseAfterRouting(app);
        OperatorsFeature.Use(app);
        app.MapHealth();
        app.MapOpenApi().WithMetadata(new OnOpsListener());
        if (app.Environment.IsDevelopment())
        {
            // Served from the assembly; features that call servers of the vendor are disabled.
            app.MapScalarApiReference(scalar =>
                scalar.DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideDeveloperTools().ExpandAllTags())
                .WithMetadata(new OnOpsListener());
        }
    }

    /// <summary>Runs the service. The metrics endpoint is mapped last, because mapping it waits for the meters.</summary>
    public static Task RunServiceAsync(this WebApplication app)
    {
        app.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(new OnOpsListener());
        return app.RunAsync();
    }

    /// <summary>
    /// The answer to a failed request of an endpoint outside the pipeline (<c>ShortCircuit</c>); the same as that of the pipeline.
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
        _ when IsFaultOfCaller(error) => Problem.Invalid("request", "malformed"),
        RedisException or TimeoutException => s_unavailable,
        _ when PostgresErrors.IsUnavailable(error) => s_unavailable,
        _ => Bare(StatusCodes.Status500InternalServerError),
    };

    // The web server throws the second for the size of a chunk that fits no integer.
    private static bool IsFaultOfCaller(Exception? error) =>
        error is BadHttpRequestException or IOException { InnerException: OverflowException };

    [LoggerMessage(1, LogLevel.Error, "Unexpected exception.")]
    private static partial void LogUnhandled(ILogger logger, Exception exception);

    private static Problem Bare(int status) => status switch
    {
        StatusCodes.Status400BadRequest => Problem.Invalid("request", "malformed"),
        StatusCodes.Status404NotFound => new Problem(status, "not-found", "No such resource."),
        StatusCodes.Status405MethodNotAllowed => new Problem(status, "method-not-allowed", "This resource does not support the method."),
        StatusCodes.Status408RequestTimeout => Problem.TooSlow,
        // The second is for the trailers of a chunked body; too many headers are refused by the web server itself.
        StatusCodes.Status413PayloadTooLarge or StatusCodes.Status431RequestHeaderFieldsTooLarge => Problem.TooLarge,
        StatusCodes.Status415UnsupportedMediaType => Problem.NotJson,
        StatusCodes.Status500InternalServerError => new Problem(status, "internal-error", "Internal error; it is logged."),
        _ => new Problem(status, "http-" + status.ToString(CultureInfo.InvariantCulture), "The request failed."),
    };
}
