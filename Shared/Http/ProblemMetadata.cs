using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Seckill.Shared.Http;

/// <summary>Describes the refusals of endpoints for OpenAPI: each with its status, its codes and the form of its body.</summary>
public static class ProblemMetadata
{
    private const string MediaType = "application/problem+json";

    // Statuses that mean the same everywhere. The titles differ, and are no part of the description.
    private static readonly Dictionary<int, string> s_codes = new()
    {
        [400] = "invalid-request", [401] = "unauthenticated", [408] = Problem.TooSlow.Code, [413] = Problem.TooLarge.Code,
        [415] = Problem.NotJson.Code, [429] = "rate-limited", [503] = "unavailable",
    };

    /// <summary>The endpoint, or each of the group, may answer with these refusals.</summary>
    public static T ProducesProblems<T>(this T endpoint, params ReadOnlySpan<Problem> refusals)
        where T : IEndpointConventionBuilder
    {
        foreach (var refusal in refusals)
        {
            endpoint.Describe(refusal.Status, refusal.Code);
        }

        return endpoint;
    }

    /// <summary>
    /// The endpoint, or each of the group, may answer with these statuses, each with the code that it has everywhere. A status without
    /// such a code needs the refusals themselves.
    /// </summary>
    public static T ProducesProblems<T>(this T endpoint, params ReadOnlySpan<int> statuses)
        where T : IEndpointConventionBuilder
    {
        foreach (var status in statuses)
        {
            endpoint.Describe(status, s_codes.GetValueOrDefault(status));
        }

        return endpoint;
    }

    /// <summary>Names the codes of each refusal in the description of an operation.</summary>
    public static Task DescribeCodesAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var refusals = context.Description.ActionDescriptor.EndpointMetadata.OfType<Refusal>().ToLookup(refusal => refusal.Status);
        foreach (var refusal in refusals)
        {
            var response = operation.Responses?.GetValueOrDefault(refusal.Key.ToString(CultureInfo.InvariantCulture));
            if (response?.Content is { } content && content.TryGetValue(MediaType, out var body) && body.Schema is { } schema)
            {
                string[] codes = [.. refusal.Select(one => one.Code).Distinct().Order(StringComparer.Ordinal)];
                response.Description = string.Join(", ", codes);
                var code = new OpenApiSchema { Enum = [.. codes.Select(one => (JsonNode)JsonValue.Create(one))] };
                body.Schema = new OpenApiSchema
                {
                    AllOf = [schema, new OpenApiSchema { Properties = new Dictionary<string, IOpenApiSchema> { ["code"] = code } }],
                };
            }
        }

        return Task.CompletedTask;
    }

    private static void Describe<T>(this T endpoint, int status, string? code)
        where T : IEndpointConventionBuilder
    {
        endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ProblemBody), [MediaType]));
        if (code is not null)
        {
            endpoint.WithMetadata(new Refusal(status, code));
        }
    }

    private sealed record Refusal(int Status, string Code);
}
