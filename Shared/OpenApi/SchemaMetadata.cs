using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Seckill.Shared.OpenApi;

/// <summary>
/// What the generator of OpenAPI schemas does not see: the form of a time, which a converter decides; that a member with
/// <see cref="JsonIgnoreCondition.WhenWritingNull"/> may be missing; the values that a text may have; and what the code's comments say.
/// </summary>
internal static class SchemaMetadata
{
    /// <summary>Completes a schema.</summary>
    public static Task CompleteAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = context.JsonTypeInfo.Type;
        if (type == typeof(DateTimeOffset) || type == typeof(DateTimeOffset?))
        {
            schema.Type = JsonSchemaType.String | (type == typeof(DateTimeOffset?) ? JsonSchemaType.Null : default);
            schema.Format = "date-time";
        }

        if (type == typeof(JsonElement) || type == typeof(JsonElement?))
        {
            // Any value but null, which the generator offers beside it.
            schema.Type = JsonSchemaType.Object | JsonSchemaType.Array | JsonSchemaType.String | JsonSchemaType.Number
                | JsonSchemaType.Boolean;
            schema.Items = new OpenApiSchema();
        }

        if (type.IsValueType && IsOurs(type) && context.JsonTypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            // A record struct has a constructor without parameters, too, so the generator requires none of its members.
            schema.Required = context.JsonTypeInfo.Properties.Select(member => member.Name).ToHashSet();
        }

        foreach (var member in context.JsonTypeInfo.Properties.Where(MayBeMissing))
        {
            schema.Required?.Remove(member.Name);
        }

        if (context.JsonPropertyInfo?.AttributeProvider is { } attributes)
        {
            Restrict(schema, attributes);
        }

        if (schema.Enum is { Count: > 0 })
        {
            schema.Type ??= JsonSchemaType.String;
        }

        // Of a type that has a name the document says the same wherever it is used, so a member must not describe it.
        var named = Nullable.GetUnderlyingType(type) ?? type;
        schema.Description ??= IsOurs(named)
            ? DocComments.Of(named)
            : context.JsonPropertyInfo?.AttributeProvider is PropertyInfo property ? DocComments.Of(property) : null;
        return Task.CompletedTask;
    }

    private static bool IsOurs(Type type) => type.Namespace?.StartsWith(nameof(Seckill), StringComparison.Ordinal) == true;

    private static void Restrict(OpenApiSchema schema, ICustomAttributeProvider member)
    {
        if (member.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: false) is [AllowedValuesAttribute allowed])
        {
            schema.Enum = [.. allowed.Values.Select(value => (JsonNode)JsonValue.Create((string)value!))];
        }

        if (member.GetCustomAttributes(typeof(AtLeastAttribute), inherit: false) is [AtLeastAttribute least])
        {
            schema.Minimum = least.Minimum.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static bool MayBeMissing(JsonPropertyInfo member) =>
        member.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute), inherit: false)
            is [JsonIgnoreAttribute { Condition: JsonIgnoreCondition.WhenWritingNull }];
}
