using Microsoft.AspNetCore.Mvc;

namespace Seckill.Shared.Http;

/// <summary>Describes the refusals of endpoints for OpenAPI.</summary>
public static class ProblemMetadata
{
    /// <summary>The endpoint, or each of the group, may answer with these statuses, each as a problem with a <c>code</c>.</summary>
    public static T ProducesProblems<T>(this T endpoint, params ReadOnlySpan<int> statuses)
        where T : IEndpointConventionBuilder
    {
        foreach (var status in statuses)
        {
            endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ProblemDetails), ["application/problem+json"]));
        }

        return endpoint;
    }
}
