using System.Globalization;
using System.Text.Json;

namespace Seckill.Fuzz.Contract;

/// <summary>A parameter of an operation.</summary>
/// <param name="Name">As in the template, or in the query string.</param>
/// <param name="In"><c>path</c>, <c>query</c> or <c>header</c>.</param>
/// <param name="IsInteger">True when it is a canonical 64-bit integer.</param>
internal sealed record Parameter(string Name, string In, bool IsInteger);

/// <summary>What an operation may answer with a status.</summary>
/// <param name="Bodies">By media type; empty when the answer has no body.</param>
/// <param name="Codes">Codes of a refusal; empty when the description lists none.</param>
/// <param name="Headers">Names of those that the answer always has.</param>
internal sealed record Response(
    IReadOnlyDictionary<string, SchemaCheck> Bodies, IReadOnlySet<string> Codes, IReadOnlyList<string> Headers);

/// <summary>The documented body of a request.</summary>
/// <param name="Schema">For making bodies, its references resolved.</param>
/// <param name="Check">For judging them.</param>
/// <param name="IsRequired">False when the operation takes a request without a body.</param>
internal sealed record RequestBody(JsonElement Schema, SchemaCheck Check, bool IsRequired);

/// <summary>One operation of an OpenAPI document.</summary>
/// <param name="Method">In capital letters.</param>
/// <param name="Template">Path with parameters in braces.</param>
/// <param name="Parameters">Of path, query and header.</param>
/// <param name="Body">Null when it takes none.</param>
/// <param name="Responses">By status.</param>
/// <param name="IsForOperators">True when callers prove that they are operators.</param>
internal sealed record Operation(
    string Method, string Template, IReadOnlyList<Parameter> Parameters, RequestBody? Body, IReadOnlyDictionary<int, Response> Responses,
    bool IsForOperators)
{
    private readonly string[] _segments = Template.Split('/');

    /// <summary>True when callers must prove who they are.</summary>
    public bool NeedsIdentity => Responses.ContainsKey(401);

    /// <summary>True when a path, without a query, leads to this operation.</summary>
    public bool Matches(string path) =>
        path.Split('/') is var segments && segments.Length == _segments.Length
        && segments.Zip(_segments).All(pair =>
            pair.Second.StartsWith('{') ? Fits(pair.First, pair.Second[1..^1]) : pair.First == pair.Second);

    /// <summary>The path with these values in place of the parameters.</summary>
    public string PathWith(Func<Parameter, string> value) => string.Join('/', _segments.Select(segment =>
        segment.StartsWith('{') ? value(Parameters.First(parameter => parameter.Name == segment[1..^1])) : segment));

    public override string ToString() => $"{Method} {Template}";

    private bool Fits(string value, string name) =>
        value.Length > 0
        && (!Parameters.First(parameter => parameter.Name == name).IsInteger
            || (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number.ToString(CultureInfo.InvariantCulture) == value));
}
