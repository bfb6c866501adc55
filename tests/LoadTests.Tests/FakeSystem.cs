using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Tests;

/// <summary>
/// Storefront and operations in this process, as simple as can be, and with faults on request: what a run says of a system that is
/// wrong cannot be tested with one that is right.
/// </summary>
internal sealed class FakeSystem : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, bool> _orders = new();
    private readonly ConcurrentDictionary<string, bool> _lookedUp = new();
    private readonly TaskCompletionSource _firstOrder = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _sync = new();
    private FakeShop _server = null!;
    private long _stock;
    private long _sold;
    private long _counted;
    private long _returned;
    private long _number;
    private long _items;
    private int _openSales;

    /// <summary>Every tenth order is promised and forgotten.</summary>
    public bool Loses { get; init; }

    /// <summary>Sells one unit in ten twice.</summary>
    public bool Oversells { get; init; }

    /// <summary>Every tenth request is answered 503.</summary>
    public bool IsDown { get; init; }

    /// <summary>Every order can be looked up from the second time on: before, there are too many requests.</summary>
    public bool IsStrict { get; init; }

    /// <summary>The storefront answers no more after so many orders; operations do. Null for never.</summary>
    public int? DiesAfter { get; init; }

    /// <summary>The service's own audit answers nonsense.</summary>
    public bool HasNoAudit { get; init; }

    /// <summary>Calls that opened a sale, less those that closed one.</summary>
    public int OpenSales => _openSales;

    /// <summary>Orders accepted so far.</summary>
    public long Orders => Volatile.Read(ref _number);

    /// <summary>Units that operations have given to the sale.</summary>
    public long Allocated => _stock;

    /// <summary>Ends when an order was accepted.</summary>
    public Task FirstOrder => _firstOrder.Task;

    public LoadTarget Target => new([_server.Url], _server.Url, "ops", new string('k', 32), new string('p', 32));

    public async Task<FakeSystem> StartAsync()
    {
        _server = await FakeShop.StartAsync(AnswerAsync);
        return this;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (path.StartsWith("/orders", StringComparison.Ordinal) && DiesAfter is { } last && Volatile.Read(ref _number) >= last)
        {
            http.Abort();
            return;
        }

        switch (http.Request.Method, path)
        {
            case ("POST", "/sales"):
                using (var sale = await JsonDocument.ParseAsync(http.Request.Body))
                {
                    var items = sale.RootElement.GetProperty("items");
                    (_items, _stock) = (items.GetArrayLength(), items[0].GetProperty("allocated").GetInt64() * items.GetArrayLength());
                }

                http.Response.StatusCode = 201;
                break;
            case ("POST", "/orders"):
                await OrderAsync(http);
                break;
            case ("POST", var open) when open.EndsWith("/open", StringComparison.Ordinal):
                Interlocked.Increment(ref _openSales);
                break;
            case ("POST", var close) when close.EndsWith("/close", StringComparison.Ordinal):
                Interlocked.Decrement(ref _openSales);
                break;
            case ("POST", var stock) when stock.EndsWith("/stock", StringComparison.Ordinal):
                using (var change = await JsonDocument.ParseAsync(http.Request.Body))
                {
                    Interlocked.Add(ref _stock, change.RootElement.GetProperty("delta").GetInt64());
                }

                break;
            case ("POST", var cancel) when cancel.EndsWith("/cancel", StringComparison.Ordinal):
                lock (_sync)
                {
                    (_sold, _counted, _returned) = (_sold - 1, _counted - 1, _returned + 1);
                }

                await http.Response.WriteAsync("""{"status":"cancelled"}""");
                break;
            case ("GET", var order) when order.StartsWith("/orders/", StringComparison.Ordinal):
                await (IsStrict && _lookedUp.TryAdd(order, true) ? FakeShop.RefuseAsync(http, 429, "rate-limited")
                    : _orders.ContainsKey(order[8..]) ? http.Response.WriteAsync("{}") : FakeShop.RefuseAsync(http, 404, "unknown-order"));
                break;
            case (_, var ledger) when ledger.EndsWith("/ledger", StringComparison.Ordinal):
                // All in one row: the stock of the first item stands for that of the sale.
                await http.Response.WriteAsync(
                    $$"""
                    {"items":[{"skuId":1001,"allocated":{{_stock}},"available":{{_stock - _counted}},"reserved":0,"placed":{{_counted}},
                      "paid":0,"returned":{{_returned}},"rejected":0,"balanced":true}]}
                    """);
                break;
            case (_, var audit) when audit.EndsWith("/audit", StringComparison.Ordinal):
                await http.Response.WriteAsync(HasNoAudit ? "nonsense" : """{"balanced":true,"items":[]}""");
                break;
            case (_, "/outbox" or "/quarantine"):
                await http.Response.WriteAsync("[]");
                break;
        }
    }

    private async Task OrderAsync(HttpContext http)
    {
        using var body = await JsonDocument.ParseAsync(http.Request.Body);
        var (sale, sku) = (body.RootElement.GetProperty("saleId").GetInt64(), body.RootElement.GetProperty("skuId").GetInt64());
        if (sku >= 1001 + _items)
        {
            await FakeShop.RefuseAsync(http, 404, "unknown-item");
            return;
        }

        long number;
        lock (_sync)
        {
            var isLeft = _sold < _stock + (Oversells ? _stock / 10 : 0);
            (number, _sold, _number) = isLeft ? (_number + 1, _sold + 1, _number + 1) : (0, _sold, _number);
            _counted += number > 0 && !(Loses && number % 10 == 0) ? 1 : 0;
        }

        if (IsDown && number % 10 == 0)
        {
            await FakeShop.RefuseAsync(http, 503, "unavailable");
            return;
        }

        if (number == 0)
        {
            await FakeShop.RefuseAsync(http, 409, "sold-out");
            return;
        }

        var orderId = number.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
        if (!(Loses && number % 10 == 0))
        {
            _orders[orderId] = true;
        }

        await FakeShop.AcceptAsync(http, orderId, sale, sku);
        _firstOrder.TrySetResult();
    }
}
