using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.HttpOverrides;
using Seckill.Shared.Settings;

namespace Seckill.OrderService.Storefront;

/// <summary>Takes the buyer's address from X-Forwarded-For, when a proxy that we were told to trust sends it.</summary>
internal static class TrustedProxies
{
    private const string Path = "RateLimits:" + nameof(RateLimitOptions.TrustedProxies);

    /// <summary>Without configured proxies nothing is added, and the header, which anybody can send, means nothing.</summary>
    /// <exception cref="InvalidSettingException">An entry is not an IP address.</exception>
    public static void UseTrustedProxies(this WebApplication app)
    {
        var proxies = app.Configuration.GetSection(Path).GetChildren().Select(Parse).ToList();
        if (proxies.Count == 0)
        {
            return;
        }

        // Each hop must be one of them, so the chain may be as long as it is.
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        proxies.ForEach(options.KnownProxies.Add);
        app.UseForwardedHeaders(options);
    }

    // IPAddress.Parse takes "1" for 0.0.0.1; whoever writes that means something else.
    private static IPAddress Parse(IConfigurationSection entry) =>
        IPAddress.TryParse(entry.Value, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == entry.Value)
            ? address
            : throw new InvalidSettingException(entry.Path, $"is '{entry.Value}', and must be an IP address");
}
