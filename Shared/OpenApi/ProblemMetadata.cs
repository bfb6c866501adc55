using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Seckill.Shared.Http;

namespace Seckill.Shared.OpenApi;

/// <summary>Describes the refusals of endpoints for OpenAPI: each with its status, its codes, the form of its body, and examples.</summary>
public static class ProblemMetadata
{
    private const string MediaType = "application/problem+json";

    // Statuses that mean the same everywhere. Titles differ, and are no part of the description.
    private static readonly Dictionary<int, Problem> s_everywhere = new Problem[]
    {
        Problem.Invalid("quantity", "this must be a positive integer"), new(401, "unauthenticated", "A credential is required."),
        Problem.TooSlow, Problem.TooLarge, Problem.NotJson, new(429, "rate-limited", "Too many requests. Nothing was done."),
        new(503, "unavailable", "No answer is possible now. It is safe to retry."),
    }.ToDictionary(problem => problem.Status);

    /// <summary>The endpoint, or each of the group, may answer with these refusals.</summary>
    public static T ProducesProblems<T>(this T endpoint, params ReadOnlySpan<Problem> refusals)
        where T : IEndpointConventionBuilder
    {
        foreach (var refusal in refusals)
        {
            endpoint.WithMetadata(new ProducesResponseTypeMetadata(refusal.Status, typeof(ProblemBody), [MediaType]), refusal);
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
            endpoint.ProducesProblems(s_everywhere[status]);
        }

        return endpoint;
    }

    /// <summary>Names the codes of each refusal in the description of an operation.</summary>
    public static Task DescribeCodesAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var refusals = context.Description.ActionDescriptor.EndpointMetadata.OfType<Problem>().ToLookup(refusal => refusal.Status);
        foreach (var ofStatus in refusals)
        {
            var response = operation.Responses?.GetValueOrDefault(ofStatus.Key.ToString(CultureInfo.InvariantCulture));
            if (response?.Content is { } content && content.TryGetValue(MediaType, out var body) && body.Schema is { } schema)
            {
                var byCode = ofStatus.DistinctBy(refusal => refusal.Code).OrderBy(refusal => refusal.Code, StringComparer.Ordinal).ToList();
                response.Description = string.Join(", ", byCode.Select(refusal => refusal.Code));
                var code = new OpenApiSchema
                {
                    Type = JsonSchemaType.String, Enum = [.. byCode.Select(refusal => (JsonNode)JsonValue.Create(refusal.Code))],
                };
                body.Schema = new OpenApiSchema
                {
                    AllOf =
                    [
                        schema,
                        new OpenApiSchema
                        {
                            Type = JsonSchemaType.Object, Properties = new Dictionary<string, IOpenApiSchema> { ["code"] = code },
                        },
                    ],
                };
                body.Examples = byCode.ToDictionary(
                    refusal => refusal.Code, IOpenApiExample (refusal) => new OpenApiExample { Value = refusal.ToJson() });
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>True when a refusal with this status has a Retry-After.</summary>
    internal static bool MayNameATime(IEnumerable<object> metadata, int status) =>
        metadata.OfType<Problem>().Any(refusal => refusal.Status == status && refusal.HasRetryAfter);
}
