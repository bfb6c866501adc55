using System.Reflection;

namespace Seckill.OrderService.Storefront;

/// <summary>The page of a buyer in a waiting room, for shops that have none. It is public; the token stays in the browser.</summary>
internal static class QueuePage
{
    // No other origin and nothing inline; the receipt is saved from a blob.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'";

    public static void Map(IEndpointRouteBuilder app)
    {
        MapFile(app, "/queue", "queue.html", "text/html; charset=utf-8");
        MapFile(app, "/queue/queue.css", "queue.css", "text/css; charset=utf-8");
        foreach (var script in new[] { "queue.js", "verify.js", "words.js" })
        {
            MapFile(app, "/queue/" + script, script, "text/javascript; charset=utf-8");
        }
    }

    private static void MapFile(IEndpointRouteBuilder app, string path, string resource, string type)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("queue." + resource)!;
        using var reader = new BinaryReader(stream);
        var content = reader.ReadBytes((int)stream.Length);
        app.MapGet(path, (HttpResponse response) =>
        {
            response.Headers.ContentSecurityPolicy = Policy;
            response.Headers["Referrer-Policy"] = "no-referrer";
            // A page does not work with the scripts of another version.
            response.Headers.CacheControl = "no-cache";
            return Results.Bytes(content, type);
        }).ExcludeFromDescription();
    }
}
