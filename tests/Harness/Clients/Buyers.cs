using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Tests.Harness.Clients;

/// <summary>The buyers of one sale, and the log of everything that they asked and were told.</summary>
internal sealed class Buyers : IDisposable
{
    private static readonly BuyerToken s_tokens = new(DevelopmentKeys.BuyerToken, TimeProvider.System);
    private static readonly PaymentSignature s_payments = new(DevelopmentKeys.Payment, TimeProvider.System);
    private readonly ConcurrentQueue<Attempt> _log = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(40) };
    private long _lastUser;

    public Buyers(Sale sale)
    {
        Sale = sale;
        _lastUser = sale.FitsLegacy ? Random.Shared.Next(1 << 20, 1 << 30) : Random.Shared.NextInt64(1L << 40, 1L << 60);
    }

    public Sale Sale { get; }

    public IReadOnlyCollection<Attempt> Log => _log;

    public IEnumerable<Attempt> Accepted => _log.Where(attempt => attempt.IsAccepted);

    /// <summary>Somebody who has not bought yet.</summary>
    public long NewUser() => Interlocked.Increment(ref _lastUser);

    public static string NewKey() => Guid.NewGuid().ToString("N");

    /// <summary>(1) One click. Whatever happens, it is in the log.</summary>
    public async Task<Attempt> ClickAsync(
        ServiceProcess api, long user, string? key = null, int quantity = 1, long? sku = null, string? pass = null)
    {
        var since = Stopwatch.GetTimestamp();
        sku ??= Sale.Skus[0];
        var attempt = new Attempt(user, sku.Value, quantity, key, 0, null, [], false, default);
        try
        {
            using var request = Request(HttpMethod.Post, new Uri(api.Url, "/orders"), user);
            request.Content = new StringContent(
                string.Create(CultureInfo.InvariantCulture, $$"""{"saleId":{{Sale.Id}},"skuId":{{sku}},"quantity":{{quantity}}}"""),
                Encoding.UTF8,
                "application/json");
            if (key is not null)
            {
                request.Headers.Add("Idempotency-Key", key);
            }

            request.Headers.Add(SalePass.Header, pass is null ? [] : [pass]);
            using var response = await _http.SendAsync(request);
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            attempt = attempt with
            {
                Status = (int)response.StatusCode,
                Code = json.RootElement.TryGetProperty("code", out var code) ? code.GetString() : null,
                OrderIds = OrderIds(json.RootElement),
                HasRetryAfter = response.Headers.RetryAfter is not null,
            };
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            var code = exception is HttpRequestException { HttpRequestError: var error } ? error.ToString() : "timeout";
            attempt = attempt with { Code = code };
        }

        attempt = attempt with { Took = Stopwatch.GetElapsedTime(since) };
        _log.Enqueue(attempt);
        return attempt;
    }

    /// <summary>A buyer who does not give up: the same key, at one instance after the other, until the answer is definite.</summary>
    public async Task<Attempt> InsistAsync(IReadOnlyList<ServiceProcess> apis, long user, string? key = null, long? sku = null)
    {
        key ??= NewKey();
        for (var attempts = 0; ; attempts++)
        {
            var attempt = await ClickAsync(apis[attempts % apis.Count], user, key, sku: sku);
            if (!attempt.IsUnknown)
            {
                return attempt;
            }

            if (attempts > 600)
            {
                Assert.Fail($"Still no definite answer after {attempts} tries: {attempt}");
            }

            await Task.Delay(100);
        }
    }

    /// <summary>The buyer registers in the waiting room, or asks for the place.</summary>
    public async Task<QueueAnswer> QueueAsync(ServiceProcess api, long user, bool registers)
    {
        try
        {
            using var request = Request(
                registers ? HttpMethod.Post : HttpMethod.Get,
                new Uri(api.Url, string.Create(CultureInfo.InvariantCulture, $"/sales/{Sale.Id}/queue")), user);
            using var response = await _http.SendAsync(request);
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            string? Text(string name) => json.RootElement.TryGetProperty(name, out var text) ? text.GetString() : null;
            return response.IsSuccessStatusCode
                ? new QueueAnswer((int)response.StatusCode, Text("state"), Text("reason"), Text("pass"),
                    json.RootElement.TryGetProperty("position", out var at) && at.ValueKind == JsonValueKind.Number ? at.GetInt32() : null)
                : new QueueAnswer((int)response.StatusCode, Text("code"), null, null, null);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return new QueueAnswer(0, exception.Message, null, null, null);
        }
    }

    /// <summary>The buyer looks an order up.</summary>
    public async Task<Look> LookAsync(ServiceProcess api, Attempt order)
    {
        var since = Stopwatch.GetTimestamp();
        try
        {
            using var request = Request(HttpMethod.Get, new Uri(api.Url, "/orders/" + order.OrderId), order.UserId);
            using var response = await _http.SendAsync(request);
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            var status = response.IsSuccessStatusCode ? json.RootElement.GetProperty("status").GetString() : null;
            return new Look((int)response.StatusCode, status, Stopwatch.GetElapsedTime(since));
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return new Look(0, null, Stopwatch.GetElapsedTime(since));
        }
    }

    /// <summary>The buyer cancels an order.</summary>
    public Task<Answer> CancelAsync(ServiceProcess api, long user, string orderId) =>
        AskAsync("status", Request(HttpMethod.Post, new Uri(api.Url, $"/orders/{orderId}/cancel"), user));

    /// <summary>The buyer looks an order up, and hears why not.</summary>
    public Task<Answer> LookAsync(ServiceProcess api, long user, string orderId) =>
        AskAsync("status", Request(HttpMethod.Get, new Uri(api.Url, "/orders/" + orderId), user));

    /// <summary>The payment provider reports a payment.</summary>
    public Task<Answer> PayAsync(ServiceProcess api, string paymentId, string orderId, long amount)
    {
        var body = JsonSerializer.Serialize(new { paymentId, orderId, amount, currency = "EUR" });
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(api.Url, "/payments"))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-Signature", s_payments.Sign(body));
        return AskAsync("outcome", request);
    }

    public void Dispose() => _http.Dispose();

    private async Task<Answer> AskAsync(string member, HttpRequestMessage request)
    {
        using var asked = request;
        try
        {
            using var response = await _http.SendAsync(request);
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            var name = response.IsSuccessStatusCode ? member : "code";
            var said = json.RootElement.TryGetProperty(name, out var text) ? text.GetString() : null;
            return new Answer((int)response.StatusCode, said);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return new Answer(0, exception.Message);
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, Uri uri, long user)
    {
        var request = new HttpRequestMessage(method, uri);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", s_tokens.Sign(user, TimeSpan.FromHours(1)));
        return request;
    }

    private static string[] OrderIds(JsonElement answer) =>
        answer.TryGetProperty("orderId", out var id) ? [id.GetString()!]
        : answer.TryGetProperty("orderIds", out var ids) ? [.. ids.EnumerateArray().Select(one => one.GetString()!)]
        : [];
}
