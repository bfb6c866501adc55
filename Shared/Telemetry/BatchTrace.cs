using System.Diagnostics;

namespace Seckill.Shared.Telemetry;

/// <summary>An order whose request is sampled.</summary>
/// <param name="OrderId">32 hex digits; empty while unknown.</param>
/// <param name="Request">The span of the request.</param>
public readonly record struct TracedOrder(string OrderId, ActivityContext Request);

/// <summary>
/// One step of a batch as spans: one in the trace of each sampled request of the batch, so that the trace of a request is complete. Each
/// span links to all sampled requests of the batch, so that a slow batch shows its orders. Most batches have no span.
/// </summary>
public sealed class BatchTrace : IDisposable
{
    /// <summary>Name of the tag that finds a request by its order.</summary>
    public const string OrderIdTag = "seckill.order_id";

    /// <summary>Maximum number of sampled requests of a batch that get spans.</summary>
    public const int MaximumRequests = 16;

    /// <summary>Source of all spans of Seckill.</summary>
    internal static ActivitySource Source { get; } = new(Measurements.Name);

    private readonly Activity[] _spans;

    private BatchTrace(Activity[] spans) => _spans = spans;

    /// <summary>True with an exporter. Without one, no request is sampled and tracing costs nothing.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>The span of the present request, if it is sampled.</summary>
    public static Activity? CurrentRequest => IsOn && Activity.Current is { Recorded: true } request ? request : null;

    /// <summary>Starts a step; null when no request of the batch is sampled. Child spans appear below the first span.</summary>
    /// <param name="step">Name of the step, one or two words.</param>
    /// <param name="kind">Client when another system executes it.</param>
    /// <param name="item">Sale and SKU; null when the batch has several.</param>
    /// <param name="batchSize">Orders in the batch, sampled or not.</param>
    /// <param name="orders">The sampled orders.</param>
    public static BatchTrace? Start(string step, ActivityKind kind, string? item, int batchSize, IReadOnlyList<TracedOrder>? orders)
    {
        if (!IsOn)
        {
            return null;
        }

        // A batch starts in the context of its first request and has the requests of others, so it belongs to none of them.
        Activity.Current = null;
        if (orders is null or [])
        {
            return null;
        }

        var links = orders.Take(MaximumRequests).Select(order => new ActivityLink(order.Request)).ToArray();
        KeyValuePair<string, object?>[] tags = [new("seckill.item", item), new("seckill.batch_size", batchSize)];
        var spans = new List<Activity>(links.Length);
        foreach (var order in orders.Take(MaximumRequests))
        {
            if (Source.StartActivity(step, kind, order.Request, tags, links) is { } span)
            {
                span.SetTag(OrderIdTag, order.OrderId.Length > 0 ? order.OrderId : null);
                spans.Add(span);
            }
        }

        if (spans.Count == 0)
        {
            return null;
        }

        Activity.Current = spans[0];
        return new BatchTrace([.. spans]);
    }

    /// <summary>Adds the order id, once it is known, to the span of a sampled request.</summary>
    /// <param name="request">Zero-based index of the request.</param>
    /// <param name="orderId">32 hex digits.</param>
    public void Name(int request, string orderId)
    {
        if (request < _spans.Length)
        {
            _spans[request].SetTag(OrderIdTag, orderId);
        }
    }

    public void Fail(string reason)
    {
        foreach (var span in _spans)
        {
            span.SetStatus(ActivityStatusCode.Error, reason);
        }
    }

    public void Dispose()
    {
        // The current span last: its end makes its parent current, and it has none.
        foreach (var span in _spans.Reverse())
        {
            span.Dispose();
        }
    }
}
