using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Seckill.InventoryService.Refunds;
using Seckill.OrderService.Payments;
using Seckill.Shared.Security;

namespace Seckill.Tests.Harness;

/// <summary>
/// Both services over HTTP, for the tests of one class. No worker runs: an order stays reserved until a test does what a worker does,
/// nothing expires and no item is rebuilt by itself. Stock of closed orders comes back as in production.
/// </summary>
public sealed class Shop : IAsyncLifetime
{
    private readonly BuyerToken _token = new(DevelopmentKeys.BuyerToken, TimeProvider.System);

    internal RunningService<Payment> Api { get; } = NewApi();

    internal RunningService<Refund> Inventory { get; } = new(
        ("Sweeper:MinimumAgeMilliseconds", "600000"), ("Rebuild:Automatic", "false"));

    internal static RunningService<Payment> NewApi(params (string Name, string Value)[] settings) =>
        new([("role", "api"), ("RateLimits:UserBurst", "1000000"), .. settings]);

    public async ValueTask InitializeAsync()
    {
        Api.StartServer();
        Inventory.StartServer();
        // Connected to every store before the first test.
        await Eventually.IsTrueAsync(
            "ready", async () => (await Api.CreateClient().GetAsync(new Uri("/health/ready", UriKind.Relative))).IsSuccessStatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Inventory.DisposeAsync();
    }

    internal HttpRequestMessage As(long user, string method, string path)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token.Sign(user, TimeSpan.FromHours(24)));
        return request;
    }

    /// <summary>Asks as a buyer: the status, and the order's status or the code of the refusal.</summary>
    internal async Task<(HttpStatusCode Status, string Word)> AskAsync(
        long user, string method, string path, RunningService<Payment>? api = null)
    {
        using var request = As(user, method, path);
        return await SendAsync(api ?? Api, request);
    }

    /// <summary>A click; the order's id, or the code of the refusal.</summary>
    internal async Task<(HttpStatusCode Status, string Word)> BuyAsync(TestSale sale, long user, RunningService<Payment>? api = null)
    {
        using var request = As(user, "POST", "/orders");
        request.Content = Json(string.Create(
            CultureInfo.InvariantCulture, $$"""{"saleId":{{sale.Item.SaleId}},"skuId":{{sale.Item.SkuId}},"quantity":1}"""));
        return await SendAsync(api ?? Api, request, "orderId");
    }

    internal Task<(HttpStatusCode Status, string Word)> CancelAsync(string orderId, long user) =>
        AskAsync(user, "POST", $"/orders/{orderId}/cancel");

    /// <summary>What the provider sends when an order is paid for; the outcome, or the code of the refusal.</summary>
    internal Task<(HttpStatusCode Status, string Word)> PayAsync(
        string orderId, string paymentId, long amount = TestSale.Price, string currency = "EUR") =>
        TellAsync(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"paymentId":"{{paymentId}}","orderId":"{{orderId}}","amount":{{amount}},"currency":"{{currency}}"}"""));

    /// <summary>A call of the payment provider, signed unless the test says otherwise.</summary>
    internal async Task<(HttpStatusCode Status, string Word)> TellAsync(string body, string? signature = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/payments") { Content = Json(body) };
        request.Headers.TryAddWithoutValidation("X-Signature", signature ?? Sign(body));
        return await SendAsync(Api, request, "outcome");
    }

    /// <summary>The header as the provider makes it.</summary>
    internal static string Sign(string body, string key = DevelopmentKeys.Payment, int secondsAgo = 0) =>
        new PaymentSignature(key, new LateClock(secondsAgo)).Sign(body);

    /// <summary>Payments of an order whose money must go back, as operators see them: payment id and reason.</summary>
    internal async Task<List<(string PaymentId, string Reason)>> RefundsAsync(string orderId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/refunds");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", DevelopmentKeys.Ops);
        using var response = await Inventory.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return
        [
            .. JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.EnumerateArray()
                .Where(refund => refund.GetProperty("orderId").GetString() == orderId)
                .Select(refund => (refund.GetProperty("paymentId").GetString()!, refund.GetProperty("reason").GetString()!))
                .Order(),
        ];
    }

    internal static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task<(HttpStatusCode Status, string Word)> SendAsync<T>(
        RunningService<T> service, HttpRequestMessage request, string word = "status")
        where T : class
    {
        using var response = await service.Client.SendAsync(request).WaitAsync(Eventually.Limit);
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        return (response.StatusCode, body.GetProperty(response.IsSuccessStatusCode ? word : "code").GetString()!);
    }
}

/// <summary>One service in this process, on Kestrel and a free port.</summary>
/// <typeparam name="T">Any type of the service.</typeparam>
internal sealed class RunningService<T> : WebApplicationFactory<T>
    where T : class
{
    private readonly (string Name, string Value)[] _settings;
    private readonly Lazy<HttpClient> _client;

    public RunningService(params (string Name, string Value)[] settings)
    {
        _settings = settings;
        _client = new(CreateClient);
        UseKestrel();
    }

    /// <summary>Tells the time to the service, when a test does not want the system's.</summary>
    public TimeProvider? Clock { get; init; }

    public HttpClient Client => _client.Value;

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.AsTest(_settings);

        if (Clock is not null)
        {
            builder.ConfigureTestServices(services => services.AddSingleton(Clock));
        }
    }
}

/// <summary>
/// The day of the system, and a stopwatch that stands still until it is told to move. Not FakeTimeProvider: that stops the timers, too,
/// and a service as a whole needs them.
/// </summary>
internal sealed class StoppedWatch : TimeProvider
{
    private long _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _elapsed);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _elapsed, by.Ticks);
}

/// <summary>The system's clock, some seconds late.</summary>
internal sealed class LateClock(int seconds) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddSeconds(-seconds);
}
