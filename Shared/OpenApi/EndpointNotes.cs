using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.OpenApi;

namespace Seckill.Shared.OpenApi;

/// <summary>The group of an endpoint: its tag, with a description.</summary>
/// <param name="Name">The tag.</param>
/// <param name="Description">One sentence for people.</param>
public sealed record OperationGroup(string Name, string Description) : ITagsMetadata
{
    IReadOnlyList<string> ITagsMetadata.Tags => [Name];
}

/// <summary>A parameter that a handler reads by itself, so that the framework does not see its form.</summary>
/// <param name="In">Query or header.</param>
/// <param name="Name">Its name.</param>
/// <param name="Description">For people.</param>
/// <param name="Schema">Makes its schema.</param>
/// <param name="Example">A valid value.</param>
/// <param name="IsRequired">True when a request without it is refused.</param>
public sealed record DescribedParameter(
    ParameterLocation In, string Name, string Description, Func<OpenApiSchema> Schema, string Example, bool IsRequired = false)
{
    /// <summary>The <c>Idempotency-Key</c> of an endpoint; <paramref name="scope"/> says within what it is unique.</summary>
    public static DescribedParameter IdempotencyKey(string scope, bool isRequired) => new(
        ParameterLocation.Header, "Idempotency-Key",
        $"Names an attempt, within {scope}: a retry with the same key gets the answer of the first, also after a timeout.",
        () => new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^[!-~]{1,64}$" }, "click-1", isRequired);

    /// <summary>A query parameter that is true or false, by default false.</summary>
    public static DescribedParameter Switch(string name, string description) => new(
        ParameterLocation.Query, name, description,
        () => new OpenApiSchema { Type = JsonSchemaType.Boolean, Default = JsonValue.Create(false) }, "true");
}

/// <summary>A header of an answer.</summary>
/// <param name="Status">Of the answer.</param>
/// <param name="Name">Its name.</param>
/// <param name="Description">For people.</param>
/// <param name="Example">A value.</param>
/// <param name="IsAlways">False when answers of this status may lack it.</param>
public sealed record DescribedHeader(int Status, string Name, string Description, string Example, bool IsAlways = true)
{
    /// <summary>Of a list in pages.</summary>
    public static DescribedHeader NextPage { get; } = new(
        StatusCodes.Status200OK, "Link", "The next page, rel=\"next\" (RFC 8288); absent on the last.", "<?after=7>; rel=\"next\"",
        IsAlways: false);
}
