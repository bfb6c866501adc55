using Microsoft.AspNetCore.Http;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Tests;

/// <summary>A rebuild is a job: who asks for it goes on when it has ended, and fails with the reasons when an item failed.</summary>
public sealed class OpsClientTests
{
    [Theory]
    [InlineData("done", null)]
    [InlineData("failed", "SKU 1001: no room")]
    public async Task A_rebuild_is_waited_for(string end, string? reason)
    {
        var calls = new List<string>();
        await using var server = await FakeShop.StartAsync(async http =>
        {
            calls.Add(http.Request.Method);
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync(calls.Count < 3
                ? """{"saleId":7,"state":"running","items":[{"skuId":1001,"state":"waiting"}]}"""
                : $$"""{"saleId":7,"state":"{{end}}","items":[{"skuId":1001,"error":{{(reason is null ? "null" : "\"no room\"")}}}]}""");
        });
        using var client = new OpsClient(server.Url, "ops");
        var rebuild = client.RebuildAsync(7, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        if (reason is null)
        {
            await rebuild;
        }
        else
        {
            Assert.Contains(reason, (await Assert.ThrowsAsync<HttpRequestException>(() => rebuild)).Message, StringComparison.Ordinal);
        }

        Assert.Equal(["POST", "GET", "GET"], calls);
    }
}
