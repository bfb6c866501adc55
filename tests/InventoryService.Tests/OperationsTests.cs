using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Seckill.InventoryService.Tests;

/// <summary>The description of the ops interface is what its clients are written against; it must name everything that is mapped.</summary>
public sealed class OperationsTests(Administration administration)
{
    [Fact]
    public async Task The_description_has_every_endpoint_and_its_statuses()
    {
        using var client = administration.CreateClient();
        var paths = JsonDocument.Parse(await client.GetStringOfAsync("/openapi/v1.json")).RootElement.GetProperty("paths");
        var described =
            from path in paths.EnumerateObject()
            from method in path.Value.EnumerateObject()
            let statuses = method.Value.GetProperty("responses").EnumerateObject().Select(response => response.Name).Order()
            select $"{method.Name.ToUpperInvariant()} {path.Name}: {string.Join(' ', statuses)}";
        var mapped =
            from source in administration.Services.GetRequiredService<IEnumerable<EndpointDataSource>>()
            from endpoint in source.Endpoints.OfType<RouteEndpoint>()
            let path = "/" + endpoint.RoutePattern.RawText!.Trim('/').Replace(":id}", "}", StringComparison.Ordinal)
            where path.StartsWith("/sales", StringComparison.Ordinal)
            from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
            let responses = endpoint.Metadata.OfType<IProducesResponseTypeMetadata>()
            let statuses = responses.Select(response => response.StatusCode).Distinct().Order()
            select $"{method} {path}: {string.Join(' ', statuses)}";
        Assert.Equal(mapped.Order(), described.Where(line => line.Contains(" /sales", StringComparison.Ordinal)).Order());
        Assert.Contains("POST /sales: 200 201 400 401 403 408 409 413 415 429 503", described);
    }

    // A generated client fails on a member that the description requires and the service leaves out.
    [Fact]
    public async Task The_description_says_what_a_time_is_and_which_members_may_be_missing()
    {
        using var client = administration.CreateClient();
        var schemas = JsonDocument.Parse(await client.GetStringOfAsync("/openapi/v1.json")).RootElement
            .GetProperty("components").GetProperty("schemas");
        Assert.Equal(
            ["kind", "expected", "actual"],
            schemas.GetProperty("AuditFinding").GetProperty("required").EnumerateArray().Select(name => name.GetString()));
        var time = schemas.GetProperty("SaleDetails").GetProperty("properties").GetProperty("opensAt");
        Assert.Equal(("string", "date-time"), (time.GetProperty("type").GetString(), time.GetProperty("format").GetString()));
        var mayBeNull = schemas.GetProperty("SaleLedger").GetProperty("properties").GetProperty("balanced");
        Assert.Equal(["boolean", "null"], mayBeNull.GetProperty("type").EnumerateArray().Select(type => type.GetString()).Order());
        // In the code it may be null, so that the refusal can name it.
        var required = schemas.GetProperty("CreateSale").GetProperty("properties").GetProperty("opensAt");
        Assert.Equal("string", required.GetProperty("type").GetString());
    }

    [Fact]
    public async Task Readiness_tells_the_state_of_every_store()
    {
        using var client = administration.CreateClient();
        await Eventually.IsTrueAsync(
            "the service is ready",
            async () => (await client.GetStringOfAsync("/health/ready")).StartsWith("{\"status\":\"healthy\"", StringComparison.Ordinal));
    }
}
