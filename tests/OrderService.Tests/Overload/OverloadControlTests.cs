using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Seckill.OrderService.Overload;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Tests.Overload;

/// <summary>
/// Promise: operators change the controller of every storefront while they run, and take it back. Broken by a change that only one process
/// sees, or by a mistake that is accepted. Other tests share the row, so nothing here changes whom they admit.
/// </summary>
public sealed class OverloadControlTests(StorefrontHost storefront)
{
    [Fact]
    public async Task A_change_reaches_every_storefront_and_is_taken_back()
    {
        await using var another = new StorefrontHost(new() { ["role"] = "api", ["Overload:MaxConcurrency"] = "9000" });
        await another.InitializeAsync();
        try
        {
            var (status, changed) = await AskAsync("PUT", """{"maxConcurrency":9999}""");
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(9_999, changed.GetProperty("changed").GetProperty("maxConcurrency").GetInt32());
            Assert.Equal(JsonValueKind.Null, changed.GetProperty("changed").GetProperty("enabled").ValueKind);
            foreach (var host in new[] { storefront, another })
            {
                var controller = host.Services.GetRequiredService<OverloadController>();
                await Eventually.IsTrueAsync("it follows", () => controller.Options.MaxConcurrency == 9_999);
                Assert.True(controller.Options.Enabled);
            }

            var (_, view) = await AskAsync("GET");
            Assert.Equal(9_999, view.GetProperty("inForce").GetProperty("maxConcurrency").GetInt32());
            Assert.Equal(512, view.GetProperty("inForce").GetProperty("minConcurrency").GetInt32());
            Assert.True(view.GetProperty("limit").GetInt32() > 0);
        }
        finally
        {
            // Also after a failure: all tests of these servers share the row.
            await AskAsync("PUT", "{}");
        }

        await Eventually.IsTrueAsync(
            "each has its own setting", () => another.Services.GetRequiredService<OverloadController>().Options.MaxConcurrency == 9_000);
    }

    [Theory]
    [InlineData("""{"maxConcurrency":0}""")]
    [InlineData("""{"targetQueueWaitMilliseconds":60001}""")]
    [InlineData("""{"longestRetryAfterSeconds":61}""")]
    [InlineData("""{"enabled":"no"}""")]
    [InlineData("""{"unknown":1}""")]
    [InlineData("[]")]
    public async Task A_mistake_changes_nothing(string json)
    {
        var (status, body) = await AskAsync("PUT", json);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid-request"), (status, body.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    public async Task Without_the_key_nothing_is_told_or_done(string method) =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(method, "{}", "another key")).Status);

    // Broken by a change that an operator may make, who may see everything.
    [Theory]
    [InlineData("Viewer")]
    [InlineData("Operator")]
    public async Task Only_an_admin_changes_anything(string role)
    {
        var key = $"key-of-{role}";
        await using var host = new StorefrontHost(new()
        {
            ["role"] = "api", ["Auth:Operators:0:Name"] = "ada", ["Auth:Operators:0:Role"] = role,
            ["Auth:Operators:0:KeySha256"] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key))),
        });
        await host.InitializeAsync();
        // A mistake, so that nothing changes for other tests even when it is let through.
        var (status, body) = await AskAsync("PUT", """{"maxConcurrency":0}""", key, host);
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (status, body.GetProperty("code").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("GET", key: key, at: host)).Status);
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(
        string method, string? json = null, string key = DevelopmentKeys.Ops, StorefrontHost? at = null)
    {
        using var client = (at ?? storefront).CreateClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), "/overload");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Content = json is null ? null : Shop.Json(json);
        using var response = await client.SendAsync(request).InTime();
        return (response.StatusCode, JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync()));
    }
}
