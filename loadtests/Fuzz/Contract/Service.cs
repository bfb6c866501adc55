using System.Globalization;
using System.Text.Json;

namespace Seckill.Fuzz.Contract;

/// <summary>A running service and its OpenAPI document.</summary>
internal sealed class Service
{
    private const string Components = "components";

    /// <param name="name">For findings.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="document">Its <c>/openapi/v1.json</c>, OpenAPI 3.1.</param>
    /// <param name="has">Which operations of the document are at this address; null for all.</param>
    public Service(string name, Uri address, JsonElement document, Func<Operation, bool>? has = null)
    {
        (Name, Address) = (name, address);
        Definitions = document.TryGetProperty(Components, out var components) && components.TryGetProperty("schemas", out var schemas)
            ? schemas : JsonSerializer.SerializeToElement(new { });
        Operations =
        [
            .. from path in document.GetProperty("paths").EnumerateObject()
               from member in path.Value.EnumerateObject()
               let operation = Read(path.Name, member.Name.ToUpperInvariant(), member.Value)
               where has?.Invoke(operation) ?? true
               select operation,
        ];
    }

    public string Name { get; }

    public Uri Address { get; }

    public IReadOnlyList<Operation> Operations { get; }

    /// <summary>The named schemas of the document.</summary>
    public JsonElement Definitions { get; }

    /// <param name="name">For findings.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="documentAt">Where its document is; null for the same address.</param>
    /// <param name="has">Which operations of the document are at this address; null for all.</param>
    public static async Task<Service> ReadAsync(string name, Uri address, Uri? documentAt = null, Func<Operation, bool>? has = null)
    {
        using var http = new HttpClient();
        var document = await http.GetStringAsync(new Uri(documentAt ?? address, "/openapi/v1.json"));
        return new Service(name, address, JsonDocument.Parse(document).RootElement, has);
    }

    /// <summary>The operation of this method and path; null when there is none.</summary>
    public Operation? Find(string method, string path) =>
        Operations.FirstOrDefault(operation => operation.Method == method && operation.Matches(path));

    /// <summary>A schema, or the one that it refers to.</summary>
    public JsonElement Resolve(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("$ref", out var reference)
            ? Resolve(Definitions.GetProperty(reference.GetString()!.Split('/')[^1])) : schema;

    private Operation Read(string template, string method, JsonElement operation)
    {
        RequestBody? body = null;
        if (operation.TryGetProperty("requestBody", out var described))
        {
            var schema = described.GetProperty("content").GetProperty("application/json").GetProperty("schema");
            body = new RequestBody(Resolve(schema), new SchemaCheck(schema, Definitions), IsTrue(described, "required"));
        }

        var parameters = operation.TryGetProperty("parameters", out var listed)
            ? listed.EnumerateArray().Select(ReadParameter).ToArray() : [];
        var responses = operation.GetProperty("responses").EnumerateObject()
            .ToDictionary(one => int.Parse(one.Name, CultureInfo.InvariantCulture), one => ReadResponse(one.Value));
        var isForOperators = operation.TryGetProperty("security", out var schemes)
            && schemes.EnumerateArray().Any(scheme => scheme.TryGetProperty("opsKey", out _));
        return new Operation(method, template, parameters, body, responses, isForOperators);
    }

    private Parameter ReadParameter(JsonElement parameter) => new(
        parameter.GetProperty("name").GetString()!, parameter.GetProperty("in").GetString()!,
        Resolve(parameter.GetProperty("schema")).TryGetProperty("type", out var type)
            && type.GetRawText().Contains("integer", StringComparison.Ordinal));

    private Response ReadResponse(JsonElement response)
    {
        var bodies = new Dictionary<string, SchemaCheck>();
        var codes = new HashSet<string>();
        if (response.TryGetProperty("content", out var contents))
        {
            foreach (var content in contents.EnumerateObject())
            {
                // A body without a schema may be anything.
                var schema = content.Value.TryGetProperty("schema", out var ofBody)
                    ? ofBody : JsonSerializer.SerializeToElement(true);
                bodies.Add(content.Name, new SchemaCheck(schema, Definitions));
                codes.UnionWith(CodesOf(schema));
            }
        }

        var headers = response.TryGetProperty("headers", out var described)
            ? described.EnumerateObject().Where(header => IsTrue(header.Value, "required")).Select(header => header.Name).ToArray() : [];
        return new Response(bodies, codes, headers);
    }

    private static bool IsTrue(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) && value.GetBoolean();

    private static IEnumerable<string> CodesOf(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        IEnumerable<JsonElement> parts = schema.TryGetProperty("allOf", out var all) ? all.EnumerateArray() : [];
        var own = schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty("code", out var code)
            && code.TryGetProperty("enum", out var values)
            ? values.EnumerateArray().Select(value => value.GetString()!) : [];
        return own.Concat(parts.SelectMany(CodesOf));
    }
}
