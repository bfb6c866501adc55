using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz.Cases;

/// <summary>
/// Draws a request that fits the description of an operation. Values of known names are drawn from the stage, so that most requests lead
/// somewhere; others follow the schema alone.
/// </summary>
internal sealed class ValidRequests(Requests requests)
{
    private readonly Stage _stage = requests.Stage;

    public RawRequest Make(Draw draw, Service service, Operation operation, int number)
    {
        var order = draw.OneIn(4) ? new KnownOrder(draw.Hex(32), draw.From(Stage.Users)) : draw.From(_stage.Orders);
        var path = operation.PathWith(parameter => PathValue(draw, parameter, order));
        var query = operation.Parameters.Where(parameter => parameter.In == "query" && draw.OneIn(2))
            .Select(parameter => $"{parameter.Name}={QueryValue(draw, parameter)}").ToArray();
        byte[] body = [];
        if (operation.Body is { } described && (described.IsRequired || draw.OneIn(2)))
        {
            body = operation.Template == "/sales" && operation.Method == "POST"
                ? Requests.Bytes(Stage.NewSale(_stage.SaleOf(number), 1 + draw.Below(3), draw.Below(10), 1 + draw.Below(3)))
                : Requests.Bytes(Value(draw, service, described.Schema, "", order)!);
        }

        var target = query.Length == 0 ? path : $"{path}?{string.Join('&', query)}";
        var request = requests.New(service, operation, target, body, order.UserId);
        if (operation.Template.EndsWith("/stock", StringComparison.Ordinal) || (operation.Template == "/orders" && draw.OneIn(2)))
        {
            request.Set("Idempotency-Key", $"key-{draw.Below(20)}");
        }

        return request;
    }

    private string PathValue(Draw draw, Parameter parameter, KnownOrder order) => parameter switch
    {
        { Name: "saleId" } => draw.From(_stage.Sales).ToString(CultureInfo.InvariantCulture),
        { Name: "skuId" } => (Stage.FirstSku + draw.Below(3)).ToString(CultureInfo.InvariantCulture),
        { Name: "orderId" } => order.OrderId,
        { IsInteger: true } => draw.Below(20).ToString(CultureInfo.InvariantCulture),
        _ => draw.Hex(32),
    };

    private string QueryValue(Draw draw, Parameter parameter) => parameter.Name switch
    {
        "saleId" => draw.From(_stage.Sales).ToString(CultureInfo.InvariantCulture),
        "newer" => "redis",
        _ when parameter.IsInteger => draw.Below(100).ToString(CultureInfo.InvariantCulture),
        _ => draw.From("true", "false"),
    };

    private JsonNode? Value(Draw draw, Service service, JsonElement described, string name, KnownOrder order)
    {
        var schema = service.Resolve(described);
        return name switch
        {
            "saleId" => draw.From(_stage.Sales),
            "skuId" => Stage.FirstSku + draw.Below(3),
            "quantity" => 1 + draw.Below(3),
            "orderId" => order.OrderId,
            "paymentId" => $"pay-{_stage.FirstSaleId}-{draw.Below(1_000)}",
            "amount" => Stage.UnitPrice * (1 + draw.Below(3)),
            "currency" => draw.From("EUR", "EUR", "USD"),
            "delta" => draw.Below(2_000) - 1_000 is not 0 and var delta ? delta : 1,
            "mode" when !schema.TryGetProperty("enum", out _) => draw.From("off", "shadow", "dual", "retired"),
            "readFromNewPercent" => draw.Below(101),
            _ => OfType(draw, service, schema, order),
        };
    }

    private JsonNode? OfType(Draw draw, Service service, JsonElement schema, KnownOrder order)
    {
        if (schema.TryGetProperty("enum", out var values))
        {
            return JsonNode.Parse(draw.From(values.EnumerateArray().ToArray()).GetRawText());
        }

        var types = !schema.TryGetProperty("type", out var type) ? []
            : type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(one => one.GetString()).ToArray() : [type.GetString()];
        return types.FirstOrDefault(one => one != "null") switch
        {
            "object" => new JsonObject(schema.TryGetProperty("properties", out var members)
                ? members.EnumerateObject().Select(member =>
                    new KeyValuePair<string, JsonNode?>(member.Name, Value(draw, service, member.Value, member.Name, order)))
                : []),
            "array" => new JsonArray(
                [.. Enumerable.Range(0, draw.Below(3)).Select(_ => Value(draw, service, schema.GetProperty("items"), "", order))]),
            "integer" or "number" => draw.Below(1_000),
            "boolean" => draw.OneIn(2),
            _ => draw.From("", "x", "ünï ☃"),
        };
    }
}
