using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Seckill.LoadTests.Bench.Observability;

/// <summary>What watches a process: a collector that takes everything and keeps nothing, and a scrape each second.</summary>
public sealed class Collector : IAsyncDisposable
{
    private static readonly TimeSpan s_scrapeInterval = TimeSpan.FromSeconds(1);
    private readonly WebApplication _app;
    private long _received;

    private Collector(WebApplication app) => _app = app;

    /// <summary>Requests with spans in them.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Listens.</summary>
    public static async Task<Collector> StartAsync(Uri address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address.GetLeftPart(UriPartial.Authority));
        var collector = new Collector(builder.Build());
        collector._app.MapPost("/v1/{signal}", async (HttpContext http, string signal) =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null);
            Interlocked.Add(ref collector._received, signal == "traces" ? 1 : 0);
            http.Response.ContentType = "application/x-protobuf";
        });
        await collector._app.StartAsync();
        return collector;
    }

    /// <summary>Scrapes until <paramref name="stop"/>.</summary>
    public static async Task ScrapeAsync(HttpClient http, Uri server, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await http.GetStringAsync(new Uri(server, "metrics"), CancellationToken.None);
            await Task.Delay(s_scrapeInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
