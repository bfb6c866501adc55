using System.Diagnostics;
using MassTransit;

namespace Seckill.Shared.Telemetry;

/// <summary>
/// The sampled requests of the orders of a message, in a header: not part of the contract, and most messages have none. Written as
/// <c>order=traceparent</c> (W3C), separated by commas. An unreadable header is ignored.
/// </summary>
public static class OrderTraces
{
    private const string Header = "Seckill-Traces";

    /// <summary>Value of the header; null when no request is sampled.</summary>
    public static string? Text(IReadOnlyList<TracedOrder>? orders) => orders is null or []
        ? null : string.Join(',', orders.Take(BatchTrace.MaximumRequests).Select(order => $"{order.OrderId}={Text(order.Request)}"));

    /// <summary>Sets the header.</summary>
    public static void Write(SendHeaders headers, string text) => headers.Set(Header, text);

    /// <summary>Sampled orders of a received message; none without an exporter.</summary>
    public static IReadOnlyList<TracedOrder> Read(ConsumeContext context) =>
        BatchTrace.IsOn && context.Headers.Get<string>(Header) is { Length: > 0 } text
            ? [.. text.Split(',').Take(BatchTrace.MaximumRequests).Select(Parse).OfType<TracedOrder>()]
            : [];

    /// <summary>The context as a traceparent.</summary>
    public static string Text(ActivityContext request) => $"00-{request.TraceId}-{request.SpanId}-{(int)request.TraceFlags:x2}";

    /// <summary>An order and its traceparent; null when the traceparent is invalid.</summary>
    public static TracedOrder? Read(string orderId, string traceParent) =>
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var request) ? new TracedOrder(orderId, request) : null;

    private static TracedOrder? Parse(string pair) => pair.Split('=') is [var orderId, var parent] ? Read(orderId, parent) : null;
}
