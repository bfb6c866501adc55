using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Seckill.Shared.Http;

/// <summary>
/// What the generator of OpenAPI schemas does not see: the form of a time, which a converter decides, and that a member with
/// <see cref="JsonIgnoreCondition.WhenWritingNull"/> may be missing.
/// </summary>
public static class SchemaMetadata
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

        foreach (var member in context.JsonTypeInfo.Properties.Where(MayBeMissing))
        {
            schema.Required?.Remove(member.Name);
        }

        return Task.CompletedTask;
    }

    private static bool MayBeMissing(JsonPropertyInfo member) =>
        member.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute), inherit: false)
            is [JsonIgnoreAttribute { Condition: JsonIgnoreCondition.WhenWritingNull }];
}
