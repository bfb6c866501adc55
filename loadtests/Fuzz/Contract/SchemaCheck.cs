using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Seckill.Fuzz.Contract;

/// <summary>A schema of an OpenAPI 3.1 document, which is JSON Schema 2020-12, with the named schemas that it refers to.</summary>
internal sealed class SchemaCheck
{
    private static readonly EvaluationOptions s_options = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };
    private readonly JsonSchema _schema;

    /// <param name="schema">The schema, or true.</param>
    /// <param name="definitions">The named ones of the document.</param>
    public SchemaCheck(JsonElement schema, JsonElement definitions)
    {
        var whole = new JsonObject
        {
            ["$defs"] = JsonNode.Parse(definitions.GetRawText()),
            ["allOf"] = new JsonArray(JsonNode.Parse(schema.GetRawText())),
        };
        var text = whole.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal);
        // A registry of its own: without an id, schemas would replace each other in the common one.
        _schema = JsonSchema.Build(
            JsonDocument.Parse(text).RootElement, new BuildOptions { SchemaRegistry = new SchemaRegistry() });
    }

    /// <summary>Why the value does not fit; null when it does.</summary>
    public string? WhyNot(JsonElement value)
    {
        EvaluationResults result;
        try
        {
            result = _schema.Evaluate(value, s_options);
        }
        catch (InvalidOperationException)
        {
            return "The body has half of a surrogate pair.";
        }

        return result.IsValid ? null : "The body does not fit its schema: " + string.Join("; ",
            (result.Details ?? []).Append(result).Where(part => part.Errors is not null)
                .SelectMany(part => part.Errors!.Select(error => $"at '{part.InstanceLocation}': {error.Value}")).Distinct().Take(5));
    }

    /// <inheritdoc cref="WhyNot(JsonElement)"/>
    public string? WhyNot(byte[] body) =>
        StrictJson.Parse(body) is { } value ? WhyNot(value) : "The body is no JSON.";
}
