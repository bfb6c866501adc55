using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Logging;
using Seckill.InventoryService.Refunds;
using Seckill.InventoryService.Tests;
using Seckill.Shared.Security;

[assembly: AssemblyFixture(typeof(Administration))]

namespace Seckill.InventoryService.Tests;

/// <summary>
/// The InventoryService itself, on Kestrel and a free port, with the real servers. One for all tests: two hosts in one process share
/// their instruments, and the one that stops takes them away from the other.
/// </summary>
public sealed class Administration : WebApplicationFactory<Refund>, IAsyncLifetime
{
    public Administration() => UseKestrel();

    public async ValueTask InitializeAsync()
    {
        await Schema.EnsureAsync();
        StartServer();
    }

    /// <summary>Asks with the ops key.</summary>
    internal async Task<(HttpStatusCode Status, JsonElement Body, HttpResponseHeaders Headers)> AskAsync(
        string method, string path, string? json = null, string key = DevelopmentKeys.Ops, string? idempotencyKey = null)
    {
        using var client = CreateClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("Authorization", key.Length > 0 ? "Bearer " + key : "");
        if (idempotencyKey is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        }

        if (json is not null)
        {
            request.Content = new StringContent(json, new MediaTypeHeaderValue("application/json"));
        }

        using var response = await client.SendAsync(request).InTime();
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.Content.Headers.ContentType is not null, $"{method} {path}: {response}");
        var problem = (int)response.StatusCode >= 400;
        Assert.Equal(problem ? "application/problem+json" : "application/json", response.Content.Headers.ContentType!.MediaType);
        return (response.StatusCode, JsonDocument.Parse(body).RootElement, response.Headers);
    }

    internal async Task<JsonElement> RefusesAsync(HttpStatusCode status, string code, string method, string path, string? json = null)
    {
        var answer = await AskAsync(method, path, json);
        Assert.Equal(status, answer.Status);
        Assert.Equal(code, answer.Body.GetProperty("code").GetString());
        return answer.Body;
    }

    internal async Task<JsonElement> DoesAsync(string method, string path, string? json = null)
    {
        var answer = await AskAsync(method, path, json);
        Assert.True((int)answer.Status is >= 200 and < 300, answer.Body.ToString());
        return answer.Body;
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder) => builder.AsTest(
    [
        // Published by nobody but the test itself.
        ("Sweeper:MinimumAgeMilliseconds", "600000"),
        // Audited by hand: tests break the equations on purpose.
        ("Auditor:IntervalMilliseconds", "3600000"),
        ("Auditor:LossIntervalMilliseconds", "3600000"),
        ("Auditor:LateOrderMilliseconds", "0"),
        ("Rebuild:Automatic", "false"),
        ("Rebuild:DrainMilliseconds", "200"),
        ("Rebuild:IntervalMilliseconds", "50"),
        ("Rebuild:MaxAttempts", "1"),
        ("Webhooks:FirstPauseMilliseconds", "10"),
    ]);
}
