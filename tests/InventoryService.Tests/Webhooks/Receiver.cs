using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Seckill.InventoryService.Tests.Webhooks;

/// <summary>What another service has: an endpoint, and what it was sent.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Receiver(WebApplication app) => _app = app;

    /// <summary>The status of the next answers; 204 when there is none.</summary>
    public ConcurrentQueue<int> Answers { get; } = new();

    /// <summary>Everything that came, also what was answered with an error.</summary>
    public ConcurrentQueue<Delivery> Deliveries { get; } = new();

    public Uri Url => new(_app.Urls.First());

    public static async Task<Receiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var receiver = new Receiver(app);
        app.MapPost("/", receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var status = Answers.TryDequeue(out var next) ? next : StatusCodes.Status204NoContent;
        Deliveries.Enqueue(new Delivery(
            http.Request.Headers["webhook-id"].ToString(), http.Request.Headers["webhook-timestamp"].ToString(),
            http.Request.Headers["webhook-signature"].ToString(), http.Request.ContentType, body.ToArray(), status));
        http.Response.StatusCode = status;
        if (status is >= 300 and < 400)
        {
            http.Response.Headers.Location = "/elsewhere";
        }
    }
}

/// <summary>A request that came.</summary>
internal sealed record Delivery(string Id, string Timestamp, string Signature, string? ContentType, byte[] Body, int Status);
