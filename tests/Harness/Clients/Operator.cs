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
        var (status, text) = await SendAsync(service, method, path, body, null);
        Assert.True(status is >= 200 and < 300, $"{method} {path} was answered {status}: {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>The same for an answer that may be a refusal, or none.</summary>
    /// <param name="service">Which.</param>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">With its query.</param>
    /// <param name="body">As JSON.</param>
    /// <param name="key">The Idempotency-Key.</param>
    /// <returns>The status, the code of a problem or why no answer came, and the body.</returns>
    public static async Task<(Answer Answer, JsonElement Body)> TryAsync(
        ServiceProcess service, HttpMethod method, string path, object? body = null, string? key = null)
    {
        try
        {
            var (status, text) = await SendAsync(service, method, path, body, key);
            var json = text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
            var isProblem = json.ValueKind == JsonValueKind.Object && json.TryGetProperty("code", out _);
            return (new Answer(status, isProblem ? json.GetProperty("code").GetString() : null), json);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or JsonException)
        {
            return (new Answer(0, exception.Message), default);
        }
    }

    private static async Task<(int Status, string Text)> SendAsync(
        ServiceProcess service, HttpMethod method, string path, object? body, string? key)
    {
        using var request = new HttpRequestMessage(method, new Uri(service.Url, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", DevelopmentKeys.Ops);
        request.Content = body is null ? null : JsonContent.Create(body, new MediaTypeHeaderValue("application/json"));
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        // Clients send the length, and JsonContent knows it only then.
        await (request.Content?.LoadIntoBufferAsync() ?? Task.CompletedTask);
        using var response = await s_http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
