using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Seckill.OrderService.Orders;

namespace Seckill.OrderService.OrderEvents;

/// <summary>
/// The life of an order as Server-Sent Events. The first event is the present status, or whatever came after the Last-Event-ID of the
/// client; then one event for each change, until a final status. The id of an event is its place in the life of the order, the same
/// at every instance: 1 reserved, 2 placed, 3 final.
/// </summary>
/// <remarks>
/// Written by hand, because the framework's result sends its headers with the first event, of which there may be none for a long
/// time, and knows no comments.
/// </remarks>
/// <param name="stream">What comes. Disposed at the end.</param>
/// <param name="lastSeen">The event that the client saw last; null when it comes for the first time.</param>
internal sealed class OrderEventStream(OrderEventHub.Stream stream, int? lastSeen) : IResult
{
    private const int Final = 3;
    private readonly OrderView _first = stream.Order;

    /// <summary>True when nothing can follow the event with this id.</summary>
    public static bool IsOver(int? lastSeen) => lastSeen >= Final;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var _ = stream;
        var (response, aborted) = (httpContext.Response, httpContext.RequestAborted);
        response.ContentType = "text/event-stream";
        // A proxy that compresses would hold events back until it has enough of them.
        response.Headers.CacheControl = "no-store, no-transform";
        // Proxies that gather a response before they pass it on would gather this one for ever.
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        try
        {
            await response.BodyWriter.FlushAsync(aborted);
            var seen = await TellAsync(response, _first, lastSeen ?? Place(_first.Status) - 1, aborted);
            while (seen < Final && await stream.News.WaitToReadAsync(aborted) && stream.News.TryRead(out var news))
            {
                seen = await TellAsync(response, news, seen, aborted);
            }
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            // The client has left.
        }
    }

    // Every status that the order has had since; a change may be noticed only after the next one has happened.
    private static async ValueTask<int> TellAsync(HttpResponse response, OrderView? order, int seen, CancellationToken aborted)
    {
        if (order is null)
        {
            response.BodyWriter.Write(": keep-alive\n\n"u8);
        }
        else
        {
            foreach (var status in LifeOf(order.Status).Where(status => Place(status) > seen))
            {
                seen = Place(status);
                Write(response.BodyWriter, seen, order with { Status = status, PlacedAt = seen > 1 ? order.PlacedAt : null });
            }
        }

        await response.BodyWriter.FlushAsync(aborted);
        return seen;
    }

    private static void Write(IBufferWriter<byte> body, int id, OrderView order)
    {
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {id}\nevent: status\ndata: "), body);
        using (var json = new Utf8JsonWriter(body))
        {
            JsonSerializer.Serialize(json, order, OrderJson.Default.OrderView);
        }

        body.Write("\n\n"u8);
    }

    private static string[] LifeOf(string status) => status switch
    {
        "reserved" => ["reserved"],
        "placed" => ["reserved", "placed"],
        "rejected" => ["reserved", "rejected"],
        _ => ["reserved", "placed", status],
    };

    private static int Place(string status) => status switch { "reserved" => 1, "placed" => 2, _ => Final };
}
