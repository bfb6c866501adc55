using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Tests.Harness.Clients;

/// <summary>Asks the ops interface of a running service, with its key.</summary>
internal static class Operator
{
    private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(40) };

    /// <summary>Starts the rebuild of a sale and waits for its end.</summary>
    /// <returns>What the service says of it.</returns>
    public static async Task<JsonElement> RebuildAsync(ServiceProcess service, long saleId)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/sales/{saleId}/rebuild");
        var job = await AskAsync(service, HttpMethod.Post, path);
        await Eventually.IsTrueAsync("the rebuild ends", async () =>
            (job = await AskAsync(service, HttpMethod.Get, path)).GetProperty("state").GetString() != "running");
        Assert.Equal("done", job.GetProperty("state").GetString());
        return job;
    }

    /// <returns>The body of the answer, which must be a success; nothing when it has none.</returns>
    public static async Task<JsonElement> AskAsync(ServiceProcess service, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(service.Url, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", DevelopmentKeys.Ops);
        request.Content = body is null ? null : JsonContent.Create(body, new MediaTypeHeaderValue("application/json"));
        // Clients send the length, and JsonContent knows it only then.
        await (request.Content?.LoadIntoBufferAsync() ?? Task.CompletedTask);
        using var response = await s_http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path} was answered {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }
}
