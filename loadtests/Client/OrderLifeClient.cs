using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Seckill.LoadTests.Client;

/// <summary>
/// What happens to an order after it was accepted: its buyer cancels or follows it, the payment provider tells of payments. Each call
/// is repeated while the storefront asks to come back; all of them may be.
/// </summary>
/// <param name="http">Shared connections.</param>
/// <param name="apis">Base addresses of the API instances, at least one.</param>
/// <param name="paymentKey">Signs the provider's calls.</param>
public sealed class OrderLifeClient(HttpMessageInvoker http, IReadOnlyList<Uri> apis, string paymentKey)
{
    private const int Tries = 10;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);
    private static readonly MediaTypeHeaderValue s_json = new("application/json");

    /// <summary>Tells of a payment.</summary>
    /// <returns><c>accepted</c>, <c>duplicate</c> or <c>refund</c>; otherwise what went wrong.</returns>
    public Task<string> PayAsync(
        int api, string paymentId, string orderId, long amount, string currency, CancellationToken cancellationToken)
    {
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"paymentId":"{{paymentId}}","orderId":"{{orderId}}","amount":{{amount}},"currency":"{{currency}}"}""");
        return AskAsync("outcome", () =>
        {
            var time = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            var hash = HMACSHA256.HashData(Encoding.UTF8.GetBytes(paymentKey), Encoding.UTF8.GetBytes(time + "." + body));
            var request = new HttpRequestMessage(HttpMethod.Post, new Uri(apis[api], "payments"))
            {
                Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = s_json } },
            };
            request.Headers.TryAddWithoutValidation("X-Signature", $"t={time},v1={Convert.ToHexStringLower(hash)}");
            return request;
        }, cancellationToken);
    }

    /// <summary>Cancels.</summary>
    /// <returns><c>cancelled</c>; otherwise the code of the refusal, or what went wrong.</returns>
    public Task<string> CancelAsync(int api, string authorization, string orderId, CancellationToken cancellationToken) =>
        AskAsync("status", () => Authorized(HttpMethod.Post, api, authorization, $"orders/{orderId}/cancel"), cancellationToken);

    /// <summary>Follows the events of an order to their end.</summary>
    /// <returns>The last status; null when the stream broke before it said anything.</returns>
    public async Task<string?> FollowAsync(int api, string authorization, string orderId, CancellationToken cancellationToken)
    {
        const string Data = "data: ";
        using var request = Authorized(HttpMethod.Get, api, authorization, $"orders/{orderId}/events");
        string? status = null;
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
            while (await lines.ReadLineAsync(cancellationToken) is { } line)
            {
                status = line.StartsWith(Data, StringComparison.Ordinal) ? Member(line[Data.Length..], "status") : status;
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            // What was told so far counts.
        }

        return status;
    }

    private HttpRequestMessage Authorized(HttpMethod method, int api, string authorization, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(apis[api], path));
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return request;
    }

    private async Task<string> AskAsync(string member, Func<HttpRequestMessage> ask, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            string answer;
            try
            {
                using var request = ask();
                using var response = await http.SendAsync(request, cancellationToken);
                answer = Member(await response.Content.ReadAsStringAsync(cancellationToken), response.IsSuccessStatusCode ? member : "code")
                    ?? $"http-{(int)response.StatusCode}";
                if (response.StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests))
                {
                    return answer;
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                answer = "no-answer";
            }

            if (attempt == Tries)
            {
                return answer;
            }

            await Task.Delay(s_pause, cancellationToken);
        }
    }

    private static string? Member(string json, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.TryGetProperty(name, out var member) ? member.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
