using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Seckill.Shared.Security;

namespace Seckill.InventoryService.Tests.Sales;

/// <summary>Whoever can open a sale can give goods away. Every endpoint but health, metrics and the description needs the key.</summary>
public sealed class OpsKeyTests(Administration administration)
{
    [Theory]
    [InlineData("POST", "/sales")]
    [InlineData("GET", "/sales")]
    [InlineData("GET", "/sales/1")]
    [InlineData("POST", "/sales/1/open")]
    [InlineData("POST", "/sales/1/close")]
    [InlineData("GET", "/sales/1/ledger")]
    public async Task Without_the_key_nothing_is_told_or_done(string method, string path)
    {
        const string Right = DevelopmentKeys.Ops;
        string[] wrong = ["", "x", Right[..^1], Right + "x", Right.ToUpperInvariant(), DevelopmentKeys.BuyerToken];
        foreach (var key in wrong)
        {
            var answer = await administration.AskAsync(method, path, "not even JSON", key);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
            Assert.Equal("unauthenticated", answer.Body.GetProperty("code").GetString());
        }
    }

    [Fact]
    public void Every_endpoint_under_sales_needs_the_key()
    {
        var endpoints = administration.Services.GetRequiredService<IEnumerable<EndpointDataSource>>()
            .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("sales", StringComparison.Ordinal)).ToList();
        Assert.True(endpoints.Count >= 6);
        Assert.All(endpoints, endpoint => Assert.NotNull(endpoint.Metadata.GetMetadata<RequiresOpsKey>()));
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/health/serving")]
    [InlineData("/metrics")]
    [InlineData("/openapi/v1.json")]
    public async Task Machines_ask_without_a_key(string path)
    {
        using var client = administration.CreateClient();
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative)).InTime();
        Assert.NotEqual(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.NotEqual(HttpStatusCode.NotFound, response.StatusCode);
    }
}
