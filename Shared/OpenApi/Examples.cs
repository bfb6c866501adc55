using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace Seckill.Shared.OpenApi;

/// <summary>
/// Makes an example of a schema, so that none is missing and none is stale. Members of known names have values that fit each other; the
/// others follow their schema.
/// </summary>
internal static class Examples
{
    private static readonly Dictionary<string, Func<JsonNode>> s_known = new()
    {
        ["orderId"] = () => "000007d1f3a94c5e8b60271d9a4e6c35", ["next"] = () => "000007d1f3a94c5e8b60271d9a4e6c35",
        ["saleId"] = () => 1, ["skuId"] = () => 1001, ["userId"] = () => 42, ["quantity"] = () => 1, ["unitPrice"] = () => 1999,
        ["amount"] = () => 1999, ["currency"] = () => "EUR", ["name"] = () => "Friday", ["limitPerUser"] = () => 2,
        ["allocated"] = () => 100, ["available"] = () => 99, ["paymentTimeoutSeconds"] = () => 900, ["paymentId"] = () => "pay-1",
        ["delta"] = () => -500, ["changed"] = () => -99, ["soldOut"] = () => false, ["dryRun"] = () => true,
        ["opensAt"] = () => "2026-11-27T09:00:00.000Z", ["serverTime"] = () => "2026-11-27T09:00:01.000Z",
        ["closesAt"] = () => "2026-11-27T10:00:00.000Z", ["payBy"] = () => "2026-11-27T09:15:00.250Z",
        ["sequence"] = () => "0000000000000000007", ["ours"] = () => "1", ["theirs"] = () => "0", ["field"] = () => "order_status",
    };

    /// <summary>A value that fits.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="name">Of the member or parameter; empty for a whole body.</param>
    /// <param name="document">Has the named schemas.</param>
    public static JsonNode? Of(IOpenApiSchema schema, string name, OpenApiDocument? document)
    {
        var actual = Resolve(schema, document);
        if (s_known.TryGetValue(name, out var known) && known() is var example && IsOfType(example, actual))
        {
            return example;
        }

        if (actual.Enum is [var first, ..])
        {
            return first.DeepClone();
        }

        if (actual.OneOf is { Count: > 0 } choices)
        {
            return Of(choices.First(choice => Resolve(choice, document).Type != JsonSchemaType.Null), name, document);
        }

        return (actual.Type & ~JsonSchemaType.Null) switch
        {
            JsonSchemaType.Object => new JsonObject((actual.Properties ?? new Dictionary<string, IOpenApiSchema>())
                .Select(member => KeyValuePair.Create(member.Key, Of(member.Value, member.Key, document)))),
            JsonSchemaType.Array => new JsonArray(Of(actual.Items!, "", document)),
            JsonSchemaType.Integer => long.Parse(actual.Minimum ?? "1", CultureInfo.InvariantCulture),
            JsonSchemaType.Number => 0.5,
            JsonSchemaType.Boolean => true,
            JsonSchemaType.String when actual.Format == "date-time" => "2026-11-27T09:00:00.250Z",
            JsonSchemaType.String => "text",
            _ => null,
        };
    }

    // Members of one name may differ: the next page begins behind an order here, and behind a number there.
    private static bool IsOfType(JsonNode example, IOpenApiSchema schema) =>
        (schema.Type & ~JsonSchemaType.Null) is not { } type || type == default || type.HasFlag(example.GetValueKind() switch
        {
            JsonValueKind.String => JsonSchemaType.String,
            JsonValueKind.Number => JsonSchemaType.Integer,
            _ => JsonSchemaType.Boolean,
        });

    /// <summary>A schema, or the one that it refers to.</summary>
    public static IOpenApiSchema Resolve(IOpenApiSchema schema, OpenApiDocument? document) =>
        schema is OpenApiSchemaReference { Reference.Id: { } id } && document?.Components?.Schemas is { } named
            && named.TryGetValue(id, out var found)
            ? found : schema;
}
