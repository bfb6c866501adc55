using System.Text.Json;
using Seckill.OrderService.Payments;

namespace Seckill.OrderService.Tests.OrderEvents;

/// <summary>An open stream of order events, read line by line, because a parser would hide the comments.</summary>
internal sealed class Following : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private Following(HttpResponseMessage response, Stream body)
    {
        _response = response;
        _lines = new StreamReader(body);
    }

    public string? ContentType => _response.Content.Headers.ContentType?.MediaType;

    /// <summary>Ends when the headers are there.</summary>
    public static async Task<Following> OpenAsync(
        Shop shop, string orderId, long user, int? lastSeen = null, RunningService<Payment>? api = null, HttpClient? client = null)
    {
        using var request = shop.As(user, "GET", $"/orders/{orderId}/events");
        if (lastSeen is not null)
        {
            request.Headers.Add("Last-Event-ID", $"{lastSeen}");
        }

        return await OpenAsync(client ?? (api ?? shop.Api).Client, request);
    }

    /// <summary>Without a token: the path has a ticket.</summary>
    public static async Task<Following> OpenAsync(RunningService<Payment> api, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await OpenAsync(api.Client, request);
    }

    private static async Task<Following> OpenAsync(HttpClient client, HttpRequestMessage request)
    {
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Eventually.Limit);
        response.EnsureSuccessStatusCode();
        return new Following(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event as <c>id status</c>, or the next comment as it stands; null at the end of the stream.</summary>
    public async Task<string?> NextAsync()
    {
        var fields = new Dictionary<string, string>();
        while (await _lines.ReadLineAsync().WaitAsync(Eventually.Limit) is { } line)
        {
            if (line.Length == 0 && fields.Count > 0)
            {
                return fields.TryGetValue("", out var comment) ? ":" + comment : Read(fields);
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            fields.Add(line[..colon], line[(colon + 1)..]);
        }

        return null;
    }

    /// <summary>Everything up to the end of the stream.</summary>
    public async Task<List<string>> RestAsync()
    {
        var rest = new List<string>();
        while (await NextAsync() is { } next)
        {
            rest.Add(next);
        }

        return rest;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }

    private static string Read(Dictionary<string, string> fields)
    {
        Assert.Equal(["id", "event", "data"], fields.Keys);
        Assert.Equal(" status", fields["event"]);
        var order = JsonDocument.Parse(fields["data"]).RootElement;
        Assert.Equal(fields["id"] == " 1", order.GetProperty("placedAt").ValueKind == JsonValueKind.Null);
        return $"{fields["id"].Trim()} {order.GetProperty("status").GetString()}";
    }
}
