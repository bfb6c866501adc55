using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Seckill.OrderService.Orders;

namespace Seckill.OrderService.OrderEvents;

/// <summary>
/// The life of an order as Server-Sent Events. The first event is the current status, or the first status after the client's
/// Last-Event-ID; then one event for each change, until a final status. The id of an event is its position in the life of the order,
/// the same at every instance: 1 reserved, 2 placed, 3 final.
/// </summary>
/// <remarks>
/// Written by hand, because the framework's result sends its headers only with the first event, which may take long, and has no
/// comments.
/// </remarks>
/// <param name="stream">The changes. Disposed at the end.</param>
/// <param name="lastSeen">The last event that the client saw; null for a new client.</param>
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
        // Keeps proxies from buffering a response that does not end.
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        try
        {
            await response.BodyWriter.FlushAsync(aborted);
            var seen = await WriteAsync(response, _first, lastSeen ?? PositionOf(_first.Status) - 1, aborted);
            while (seen < Final && await stream.News.WaitToReadAsync(aborted) && stream.News.TryRead(out var news))
            {
                seen = await WriteAsync(response, news, seen, aborted);
            }
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            // The client has disconnected.
        }
    }

    // Every status since the last one seen: a change may be noticed only after the next one.
    private static async ValueTask<int> WriteAsync(HttpResponse response, OrderView? order, int seen, CancellationToken aborted)
    {
        if (order is null)
        {
            response.BodyWriter.Write(": keep-alive\n\n"u8);
        }
        else
        {
            foreach (var status in LifeOf(order.Status).Where(status => PositionOf(status) > seen))
            {
                seen = PositionOf(status);
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

    private static OrderStatus[] LifeOf(OrderStatus status) => status switch
    {
        OrderStatus.Reserved => [OrderStatus.Reserved],
        OrderStatus.Placed => [OrderStatus.Reserved, OrderStatus.Placed],
        OrderStatus.Rejected => [OrderStatus.Reserved, OrderStatus.Rejected],
        _ => [OrderStatus.Reserved, OrderStatus.Placed, status],
    };

    private static int PositionOf(OrderStatus status) => status switch { OrderStatus.Reserved => 1, OrderStatus.Placed => 2, _ => Final };
}
