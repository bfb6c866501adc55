using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Seckill.LoadTests.Tests;

/// <summary>A storefront in this process, on a port of its own: whatever the test answers, over real connections.</summary>
internal sealed class FakeShop : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeShop(WebApplication app) => _app = app;

    public Uri Url { get; private set; } = new("http://localhost");

    public static async Task<FakeShop> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new FakeShop(app) { Url = new Uri(address + "/") };
    }

    /// <summary>Answers at once, but for one second from the <paramref name="second"/>th after its first request on.</summary>
    public static Task<FakeShop> FrozenInAsync(int second)
    {
        long startedAt = 0;
        return StartAsync(async http =>
        {
            Interlocked.CompareExchange(ref startedAt, Stopwatch.GetTimestamp(), 0);
            var now = Stopwatch.GetElapsedTime(startedAt);
            if (now.TotalSeconds >= second && now.TotalSeconds < second + 1)
            {
                await Task.Delay(TimeSpan.FromSeconds(second + 1) - now);
            }

            await RefuseAsync(http, 409, "sold-out");
        });
    }

    public static async Task AcceptAsync(HttpContext http, string orderId, long sale = 7, long sku = 1001)
    {
        http.Response.StatusCode = 202;
        http.Response.ContentType = "application/json";
        http.Response.Headers.Location = "/orders/" + orderId;
        var price = 1999 + (500 * (sku - 1001));
        await http.Response.WriteAsync(
            $$"""
            {"orderId":"{{orderId}}","status":"reserved","saleId":{{sale}},"skuId":{{sku}},"quantity":1,"unitPrice":{{price}},
             "currency":"EUR","reservedAt":"2026-01-01T00:00:00Z"}
            """);
    }

    public static async Task RefuseAsync(HttpContext http, int status, string code)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        await http.Response.WriteAsync($$"""{"title":"No.","status":{{status}},"code":"{{code}}"}""");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
