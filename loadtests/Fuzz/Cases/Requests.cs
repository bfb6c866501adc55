using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz.Cases;

/// <summary>Makes requests that are right in form: the operation, its identity, its headers.</summary>
internal sealed class Requests(Service storefront, Service ops, Stage stage, Service? storefrontOps = null)
{
    // Not what a browser sends: names and values stay readable in a finding.
    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Stage Stage => stage;

    public IReadOnlyList<Service> Services { get; } = storefrontOps is null ? [storefront, ops] : [storefront, ops, storefrontOps];

    public RawRequest Create(JsonObject sale) => Of(ops, "POST", "/sales", sale);

    public RawRequest OfSale(string method, long saleId, string rest = "") => Of(ops, method, $"/sales/{saleId}{rest}");

    public RawRequest Stock(long saleId, long skuId, int delta, string key)
    {
        var request = Of(ops, "POST", $"/sales/{saleId}/items/{skuId}/stock", new JsonObject { ["delta"] = delta });
        request.Set("Idempotency-Key", key);
        return request;
    }

    public RawRequest Order(long saleId, long skuId, long userId, int quantity = 1, string? key = null)
    {
        var body = new JsonObject { ["saleId"] = saleId, ["skuId"] = skuId, ["quantity"] = quantity };
        var request = Of(storefront, "POST", "/orders", body, userId);
        request.Set("Idempotency-Key", key);
        return request;
    }

    public RawRequest OfOrder(string method, KnownOrder order, string rest = "") =>
        Of(storefront, method, $"/orders/{order.OrderId}{rest}", null, order.UserId);

    public RawRequest Pay(string paymentId, string orderId, long amount) => Of(storefront, "POST", "/payments", new JsonObject
    {
        ["paymentId"] = paymentId, ["orderId"] = orderId, ["amount"] = amount, ["currency"] = "EUR",
    });

    public RawRequest PublicSale(long saleId) => Of(storefront, "GET", $"/sales/{saleId}");

    /// <summary>Asks whether a service is ready. A 503 is no problem document, and so a finding.</summary>
    public static RawRequest Ready(Service service) => new()
    {
        Service = service, Method = "GET", Target = "/health/ready", Headers = [("Connection", "close")],
    };

    /// <summary>A request for an operation, with everything that it needs.</summary>
    public RawRequest New(Service service, Operation operation, string target, byte[] body, long userId)
    {
        var request = new RawRequest
        {
            Service = service, Operation = operation, Method = operation.Method, Target = target, Body = body, UserId = userId,
        };
        if (operation.Body is not null && body.Length > 0)
        {
            request.Set("Content-Type", "application/json");
        }

        Identify(request);
        request.Set("Connection", "close");
        return request;
    }

    /// <summary>Proves who the caller is: the operator, the payment provider, or this buyer. Again after each change of the body.</summary>
    public void Identify(RawRequest request)
    {
        if (request.Operation is not { NeedsIdentity: true } operation)
        {
            return;
        }

        if (operation.Template == "/payments")
        {
            request.Set("X-Signature", stage.SignatureOf(request.Body));
        }
        else
        {
            var isOps = request.Service == ops || operation.IsForOperators;
            request.Set("Authorization", "Bearer " + (isOps ? stage.OpsKey : stage.TokenOf(request.UserId)));
        }
    }

    public static byte[] Bytes(JsonNode body) => Encoding.UTF8.GetBytes(body.ToJsonString(s_plain));

    private RawRequest Of(Service service, string method, string target, JsonObject? body = null, long userId = 0)
    {
        var operation = service.Find(method, target.Split('?')[0])
            ?? throw new InvalidOperationException($"The description of {service.Name} has no {method} {target}.");
        return New(service, operation, target, body is null ? [] : Bytes(body), userId);
    }
}
