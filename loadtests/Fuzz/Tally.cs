using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz;

/// <summary>A sale that was answered 201.</summary>
internal sealed record CreatedSale(long SaleId, IReadOnlyDictionary<long, LoadTests.Client.SaleItem> Items);

/// <summary>An order that was answered 202.</summary>
internal sealed record AcceptedOrder(string OrderId, long SaleId, long SkuId, int Quantity);

/// <summary>
/// Everything that the answers promise. Nothing else may be in the stores. Read from the form of the answers, because a garbled request
/// may have reached another operation than it was made for.
/// </summary>
internal sealed class Tally
{
    private readonly ConcurrentBag<string> _unknown = [];
    private int _answers;

    public ConcurrentDictionary<long, CreatedSale> Sales { get; } = new();

    public ConcurrentDictionary<string, AcceptedOrder> Orders { get; } = new();

    /// <summary>Ids of payments that were answered with an outcome.</summary>
    public ConcurrentDictionary<string, bool> Payments { get; } = new();

    /// <summary>Changes of stock by sale, SKU and key.</summary>
    public ConcurrentDictionary<(long SaleId, long SkuId, string Key), int> StockChanges { get; } = new();

    /// <summary>Which operation answered with which status, as <c>POST /orders 202</c>.</summary>
    public ConcurrentDictionary<string, bool> Answered { get; } = new();

    /// <summary>Answers by status.</summary>
    public ConcurrentDictionary<int, int> Statuses { get; } = new();

    /// <summary>Number of answers.</summary>
    public int Answers => _answers;

    /// <param name="request">What was asked.</param>
    /// <param name="exchange">What came back.</param>
    /// <param name="isSound">False when an answer broke a rule: its promises cannot be read.</param>
    public void Record(RawRequest request, Exchange exchange, bool isSound)
    {
        if (!isSound || (request.Method != "GET" && (exchange.Answers.Count == 0 || exchange.Answers.Any(answer => answer.Status >= 500))))
        {
            _unknown.Add(request.ToString());
        }

        foreach (var answer in exchange.Answers)
        {
            Interlocked.Increment(ref _answers);
            Statuses.AddOrUpdate(answer.Status, 1, (_, count) => count + 1);
            Answered[$"{request.Operation} {answer.Status}"] = true;
            if (isSound && answer.Status is >= 200 and < 300 && StrictJson.Parse(answer.Body) is { ValueKind: JsonValueKind.Object } body)
            {
                Promise(request, answer.Status, body);
            }
        }
    }

    /// <summary>True when a request that has all these words got no answer, or 503, and may have changed something.</summary>
    public bool MayHaveHappened(params string[] words) =>
        _unknown.Any(text => words.All(word => text.Contains(word, StringComparison.Ordinal)));

    private void Promise(RawRequest request, int status, JsonElement body)
    {
        static long Id(string text) => long.Parse(text, CultureInfo.InvariantCulture);
        static long Number(JsonElement of, string name) => of.GetProperty(name).GetInt64();
        bool Has(string name) => body.TryGetProperty(name, out _);
        if (status == 201 && Has("items"))
        {
            Sales[Number(body, "saleId")] = new CreatedSale(Number(body, "saleId"), body.GetProperty("items").EnumerateArray().ToDictionary(
                item => Number(item, "skuId"),
                item => new LoadTests.Client.SaleItem(
                    Number(item, "skuId"), Number(item, "allocated"), (int)Number(item, "limitPerUser"), Number(item, "unitPrice"),
                    item.GetProperty("currency").GetString()!)));
        }
        else if (status == 202 && Has("orderId"))
        {
            var id = body.GetProperty("orderId").GetString()!;
            Orders[id] = new AcceptedOrder(id, Number(body, "saleId"), Number(body, "skuId"), (int)Number(body, "quantity"));
        }
        else if (Has("outcome") && StrictJson.Parse(request.Body) is { } payment)
        {
            Payments[payment.GetProperty("paymentId").GetString()!] = true;
        }
        else if (Has("balanced") && request.Target.Split('/', '?') is [_, _, var sale, "items", var sku, "stock", ..])
        {
            var delta = StrictJson.Parse(request.Body)!.Value.GetProperty("delta").GetInt32();
            StockChanges[(Id(sale), Id(sku), request.Header("Idempotency-Key")!)] = delta;
        }
    }
}
