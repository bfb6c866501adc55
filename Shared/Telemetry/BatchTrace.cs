using System.Diagnostics;

namespace Seckill.Shared.Telemetry;

/// <summary>An order whose request was drawn to be traced.</summary>
/// <param name="OrderId">32 hex digits; empty while it is not known.</param>
/// <param name="Request">The span of the request.</param>
public readonly record struct TracedOrder(string OrderId, ActivityContext Request);

/// <summary>
/// One step of a batch as spans: one in the trace of each drawn request in it, so that the trace of a request is whole, and each
/// links to all drawn requests of the batch, so that a slow batch shows whom it carried. Most batches carry none and have no span.
/// </summary>
public sealed class BatchTrace : IDisposable
{
    /// <summary>Name of the tag that finds a request by its order.</summary>
    public const string OrderIdTag = "seckill.order_id";

    /// <summary>Drawn requests of a batch that are followed, at most.</summary>
    public const int MaximumRequests = 16;

    /// <summary>Of all spans of ours.</summary>
    internal static ActivitySource Source { get; } = new(Measurements.Name);

    private readonly Activity[] _spans;

    private BatchTrace(Activity[] spans) => _spans = spans;

    /// <summary>True when somebody listens. Without an exporter nothing is drawn, and nobody pays.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>The span of the request that is being answered, when it was drawn.</summary>
    public static Activity? CurrentRequest => IsOn && Activity.Current is { Recorded: true } request ? request : null;

    /// <summary>Begins a step; null when no request of the batch was drawn. What the step causes appears below the first span.</summary>
    /// <param name="step">What is done, in a word or two.</param>
    /// <param name="kind">Client when another system does it.</param>
    /// <param name="item">Sale and SKU; null when the batch is of several.</param>
    /// <param name="batchSize">Orders in the batch, drawn or not.</param>
    /// <param name="orders">Those that were drawn.</param>
    public static BatchTrace? Start(string step, ActivityKind kind, string? item, int batchSize, IReadOnlyList<TracedOrder>? orders)
    {
        if (!IsOn)
        {
            return null;
        }

        // A batch begins in the context of whoever was first, and goes on with what others bring: it is nobody's own work.
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

    /// <summary>Adds the order's id, once it is known, to the span of a drawn request, counted from 0.</summary>
    public void Name(int request, string orderId)
    {
        if (request < _spans.Length)
        {
            _spans[request].SetTag(OrderIdTag, orderId);
        }
    }

    /// <summary>The step went wrong.</summary>
    public void Fail(string reason)
    {
        foreach (var span in _spans)
        {
            span.SetStatus(ActivityStatusCode.Error, reason);
        }
    }

    /// <summary>Ends the step.</summary>
    public void Dispose()
    {
        // The current one last: its end makes its parent current, which is none.
        foreach (var span in _spans.Reverse())
        {
            span.Dispose();
        }
    }
}
