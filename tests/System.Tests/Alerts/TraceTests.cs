
namespace Seckill.System.Tests.Alerts;

/// <summary>
/// A slow order is found by its id, in one trace over all processes, though every step carries it in a batch with others. Broken by
/// a step that loses the trace, or that gives the first buyer's trace to everybody.
/// </summary>
[Collection(AfterASmallSale.Name)]
public sealed class TraceTests(SmallSale sale)
{
    private static readonly string[] s_steps = ["legacy write", "persist", "publish", "reserve"];

    [Fact]
    public async Task The_trace_of_an_order_leads_from_the_click_to_both_databases()
    {
        ExportedSpan[] spans = [];
        await Eventually.IsTrueAsync("all spans of the order have arrived", () =>
        {
            spans = [.. sale.Receiver.Spans.Where(span => span.Tags.GetValueOrDefault("seckill.order_id") == sale.LoneOrder.OrderId)];
            return s_steps.All(step => spans.Any(span => span.Name == step)) && spans.Any(span => span.Name == "POST /orders");
        });
        var click = Assert.Single(spans, span => span.Name == "POST /orders");
        Assert.All(spans, span => Assert.Equal(click.TraceId, span.TraceId));
        foreach (var step in s_steps)
        {
            var span = Assert.Single(spans, span => span.Name == step);
            Assert.Equal(click.SpanId, span.ParentId);
            Assert.Contains((click.TraceId, click.SpanId), span.Links);
        }

        Assert.Equal(
            ("POST", "/orders", "/orders"), (click.Tags["http.request.method"], click.Tags["http.route"], click.Tags["url.path"]));
        var all = sale.Receiver.Spans.Where(span => span.TraceId == click.TraceId).ToList();
        // The broker's and both databases' own spans, below ours.
        Assert.Contains(all, span => span.Name.Contains("orders-reserved", StringComparison.Ordinal));
        foreach (var step in (string[])["persist", "legacy write"])
        {
            var above = spans.Single(span => span.Name == step).SpanId;
            Assert.Contains(all, span => span.ParentId == above && span.Tags.GetValueOrDefault("db.system.name") == "postgresql");
        }
    }

    [Fact]
    public async Task A_batch_links_to_every_traced_request_in_it()
    {
        List<ExportedSpan> shared = [];
        await Eventually.IsTrueAsync("a batch of several orders has gone every step", () =>
        {
            shared = [.. sale.Receiver.Spans.Where(span => s_steps.Contains(span.Name) && span.Links.Count > 1)];
            return s_steps.All(step => shared.Any(span => span.Name == step));
        });
        await Eventually.IsTrueAsync("the requests have arrived", () =>
        {
            var clicks = sale.Receiver.Spans.Where(span => span.Name == "POST /orders")
                .Select(span => (span.TraceId, span.SpanId)).ToHashSet();
            return shared.All(span => span.Links.All(clicks.Contains));
        });
        // Each in the trace of its own request, and no request twice.
        Assert.All(shared, span => Assert.Contains((span.TraceId, span.ParentId), span.Links));
        Assert.All(shared.GroupBy(span => (span.Name, span.TraceId)), spans => Assert.Single(spans));
        Assert.All(shared, span => Assert.Equal(span.Links.Count, span.Links.Distinct().Count()));
        Assert.All(shared, span => Assert.InRange(span.Links.Count, 2, 16));
    }

    [Theory]
    [InlineData("01", 900_001)]
    [InlineData("00", 900_002)]
    public async Task A_trace_that_a_buyer_brings_decides_nothing(string flags, int unknownSale)
    {
        const string theirs = "4bf92f3577b34da6a3ce929d0e0e4736";
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(sale.Api.Url, $"/sales/{unknownSale}"));
        request.Headers.Add("traceparent", $"00-{theirs}-00f067aa0ba902b7-{flags}");
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        await Eventually.IsTrueAsync("the request has its span", () =>
            sale.Receiver.Spans.Any(span => span.Tags.GetValueOrDefault("url.path") == $"/sales/{unknownSale}"));
        Assert.DoesNotContain(sale.Receiver.Spans, span => span.TraceId == theirs);
    }
}
