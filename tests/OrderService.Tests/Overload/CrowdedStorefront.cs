using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Tests.Storefront;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Overload;

/// <summary>
/// A storefront that admits ten clicks at once, of which a test says how many are in flight. Unless a test wants it, nothing else moves the
/// limit, so no busy machine decides who is shed. Everything else is real.
/// </summary>
internal sealed class CrowdedStorefront : IAsyncDisposable
{
    private readonly StorefrontHost _host;

    private CrowdedStorefront(StorefrontHost host) => _host = host;

    public StorefrontHost Host => _host;

    public OverloadController Controller => _host.Services.GetRequiredService<OverloadController>();

    /// <param name="watch">The clock of the rounds that move the limit; without one there are none.</param>
    /// <param name="settings">Over those of a crowded storefront.</param>
    public static async Task<CrowdedStorefront> StartAsync(TimeProvider? watch = null, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string>
        {
            ["Overload:MaxConcurrency"] = "10", ["Overload:LongestRetryAfterSeconds"] = "3",
            ["RateLimits:UserBurst"] = "1000", ["RateLimits:UserPerSecond"] = "1000",
        };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        var host = new StorefrontHost(all, services =>
        {
            services.Remove(services.Single(service =>
                service.ServiceType == typeof(IHostedService) && service.ImplementationType == typeof(OverloadWatch)));
            if (watch is not null)
            {
                services.AddHostedService(provider => ActivatorUtilities.CreateInstance<OverloadWatch>(provider, watch));
            }
        });
        await host.InitializeAsync();
        return new CrowdedStorefront(host);
    }

    /// <summary>So many clicks are in flight from now on.</summary>
    public void Fill(int clicks)
    {
        for (; Controller.InFlight < clicks; Controller.Enter())
        {
        }

        for (; Controller.InFlight > clicks; Controller.Leave())
        {
        }
    }

    /// <summary>Work waits for a processor so long that nothing but payments and retries is served.</summary>
    public void Exhaust()
    {
        Fill(10);
        Controller.Update(
            new OverloadOptions { MinConcurrency = 10, MaxConcurrency = 10 }, TimeSpan.Zero, TimeSpan.FromMinutes(1), served: 0);
    }

    /// <summary>A click: status, and the code of a refusal or the id of the order.</summary>
    public async Task<(int Status, string? Word)> ClickAsync(TestItem item, long user, string? key = null)
    {
        using var answer = await _host.OrderAsync(item.Key, user, key: key);
        var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return ((int)answer.StatusCode, body.GetProperty(answer.IsSuccessStatusCode ? "orderId" : "code").GetString());
    }

    /// <summary>Any other request of a buyer: status, and the code of a refusal.</summary>
    public async Task<(int Status, string? Code)> AskAsync(HttpMethod method, string path, long user, string? signed = null)
    {
        using var client = _host.ClientOf(user);
        using var request = new HttpRequestMessage(method, path);
        if (signed is not null)
        {
            request.Content = Shop.Json(signed);
            request.Headers.Add("X-Signature", Shop.Sign(signed));
        }

        // A stream does not end; its headers are the answer.
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).InTime();
        return ((int)answer.StatusCode, answer.IsSuccessStatusCode ? null
            : JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetString());
    }

    public static string Payment(string orderId) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"paymentId":"{{orderId}}","orderId":"{{orderId}}","amount":{{TestItem.Price}},"currency":"EUR"}""");

    public static string SaleOf(TestItem item) => string.Create(CultureInfo.InvariantCulture, $"/sales/{item.Key.SaleId}");

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
