using System.Buffers;
using System.Reflection;
using Microsoft.AspNetCore.Http.Features;
using Seckill.InventoryService.Operations;

namespace Seckill.InventoryService.Dashboard;

/// <summary>(13) The ops dashboard: a public page, and its stream of data, which needs an operator.</summary>
internal static class DashboardFeature
{
    // No other origin and nothing inline, because the page shows text from buyers and sellers.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'";

    public static void AddDashboard(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<OrdersReader>();
        services.AddHostedService(provider => provider.GetRequiredService<OrdersReader>());
        services.AddSingleton<StoreWatch>();
        services.AddSingleton<HeartbeatBoard>();
        services.AddSingleton<DashboardFeed>();
        services.AddHostedService(provider => provider.GetRequiredService<DashboardFeed>());
    }

    public static void MapDashboard(this WebApplication app)
    {
        app.MapFile("/", "dashboard.html", "text/html; charset=utf-8");
        app.MapFile("/dashboard/page.css", "page.css", "text/css; charset=utf-8");
        app.MapFile("/dashboard/icon.svg", "icon.svg", "image/svg+xml");
        foreach (var script in new[] { "page.js", "draw.js", "elements.js", "opening.js", "actions.js", "stream.js", "lists.js" })
        {
            app.MapFile("/dashboard/" + script, script, "text/javascript; charset=utf-8");
        }

        app.MapGet("/dashboard/events", WatchAsync).WithMetadata(new RequiresOpsKey()).ExcludeFromDescription();
        SessionEndpoints.Map(app);
    }

    private static void MapFile(this IEndpointRouteBuilder app, string path, string resource, string type)
    {
        var content = Load(resource);
        app.MapGet(path, (HttpResponse response) =>
        {
            response.Headers.ContentSecurityPolicy = Policy;
            response.Headers.XContentTypeOptions = "nosniff";
            response.Headers["Referrer-Policy"] = "no-referrer";
            // A page does not work with the scripts of another version.
            response.Headers.CacheControl = "no-cache";
            return Results.Bytes(content, type);
        }).ExcludeFromDescription();
    }

    private static byte[] Load(string resource)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("dashboard." + resource)!;
        using var reader = new BinaryReader(stream);
        return reader.ReadBytes((int)stream.Length);
    }

    private static async Task WatchAsync(HttpContext http, DashboardFeed feed)
    {
        using var viewer = feed.Watch();
        if (viewer is null)
        {
            await Refusals.TooManyDashboards.ExecuteAsync(http);
            return;
        }

        var (response, aborted) = (http.Response, http.RequestAborted);
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // A proxy that buffers a whole response would never pass this one on.
        response.Headers["X-Accel-Buffering"] = "no";
        http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        try
        {
            await response.BodyWriter.FlushAsync(aborted);
            await foreach (var snapshot in viewer.Snapshots.ReadAllAsync(aborted))
            {
                response.BodyWriter.Write("data: "u8);
                response.BodyWriter.Write(snapshot);
                response.BodyWriter.Write("\n\n"u8);
                await response.BodyWriter.FlushAsync(aborted);
            }
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            // The viewer has left.
        }
    }
}
