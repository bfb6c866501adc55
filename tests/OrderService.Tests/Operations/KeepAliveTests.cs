using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Seckill.OrderService.Tests.Operations;

/// <summary>
/// Promise: an idle connection stays open as long as the setting says, so that the load balancer closes it first. Broken by a setting that
/// never reaches the server: a balancer with a longer timeout than the server's own answers some requests with 502.
/// </summary>
public sealed class KeepAliveTests(StorefrontHost storefront)
{
    [Fact]
    public void Without_the_setting_it_is_130_seconds() => Assert.Equal(
        TimeSpan.FromSeconds(130),
        storefront.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.KeepAliveTimeout);

    // Broken by a limit that is a setting in the documentation alone.
    [Fact]
    public async Task The_limits_of_the_server_are_those_of_the_settings()
    {
        var usual = storefront.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits;
        Assert.Equal((50_000, TimeSpan.FromSeconds(15), 32_768, 240, 100), (
            usual.MaxConcurrentConnections, usual.RequestHeadersTimeout, usual.MaxRequestHeadersTotalSize,
            usual.MinRequestBodyDataRate!.BytesPerSecond, usual.Http2.MaxStreamsPerConnection));
        await using var host = new StorefrontHost(new()
        {
            ["role"] = "api", ["Server:MostConnections"] = "7", ["Server:HeadersTimeoutSeconds"] = "3",
            ["Server:MaximumHeaderBytes"] = "8192", ["Server:BodyBytesPerSecond"] = "0", ["Server:MostStreamsOfConnection"] = "9",
        });
        await host.InitializeAsync();
        var own = host.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits;
        Assert.Equal((7, TimeSpan.FromSeconds(3), 8_192, null, 9), (
            own.MaxConcurrentConnections, own.RequestHeadersTimeout, own.MaxRequestHeadersTotalSize, own.MinRequestBodyDataRate,
            own.Http2.MaxStreamsPerConnection));
    }

    [Fact]
    public async Task The_server_closes_an_idle_connection_after_the_time_that_is_set()
    {
        await using var host = new StorefrontHost(new() { ["role"] = "api", ["Server:KeepAliveSeconds"] = "2" });
        await host.InitializeAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(host.Address.Host, host.Address.Port).InTime();
        var stream = client.GetStream();
        var request = $"GET /health/live HTTP/1.1\r\nHost: {host.Address.Authority}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request)).AsTask().InTime();
        var (since, answer) = (Stopwatch.GetTimestamp(), new byte[4096]);
        while (await stream.ReadAsync(answer).AsTask().InTime() > 0)
        {
            since = Stopwatch.GetTimestamp();
        }

        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 1, 30);
    }
}
