using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Seckill.OrderService.Payments;
using Seckill.OrderService.Tests;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

[assembly: AssemblyFixture(typeof(StorefrontHost))]

namespace Seckill.OrderService.Tests;

/// <summary>The OrderService itself, on Kestrel and a free port, with the real servers: the API and a worker. One for all tests.</summary>
public sealed class StorefrontHost : WebApplicationFactory<Payment>, IAsyncLifetime
{
    private readonly (string Name, string Value)[] _settings;
    private readonly Action<IServiceCollection>? _services;
    private readonly BuyerToken _token = new(DevelopmentKeys.BuyerToken, TimeProvider.System);

    public StorefrontHost()
        : this([])
    {
    }

    /// <param name="settings">Over those of all tests.</param>
    /// <param name="services">What the test leaves out, or puts in its place.</param>
    internal StorefrontHost(Dictionary<string, string> settings, Action<IServiceCollection>? services = null)
    {
        (_settings, _services) = ([.. settings.Select(setting => (setting.Key, setting.Value))], services);
        UseKestrel();
    }

    public Uri Address => ClientOptions.BaseAddress;

    public ValueTask InitializeAsync()
    {
        _ = Servers.RedisConnection;
        StartServer();
        return ValueTask.CompletedTask;
    }

    internal string Token(long userId) => _token.Sign(userId, TimeSpan.FromHours(1));

    internal HttpClient ClientOf(long userId)
    {
        var client = CreateClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(userId));
        return client;
    }

    internal async Task<HttpResponseMessage> OrderAsync(ItemKey item, long userId, int quantity = 1, string? key = null)
    {
        using var client = ClientOf(userId);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders");
        request.Content = new StringContent(
            string.Create(CultureInfo.InvariantCulture, $$"""{"saleId":{{item.SaleId}},"skuId":{{item.SkuId}},"quantity":{{quantity}}}"""),
            new MediaTypeHeaderValue("application/json"));
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await client.SendAsync(request).InTime();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.AsTest(_settings);

        if (_services is not null)
        {
            builder.ConfigureTestServices(_services);
        }
    }
}
