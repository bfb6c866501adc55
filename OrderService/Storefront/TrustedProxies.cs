using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.HttpOverrides;

namespace Seckill.OrderService.Storefront;

/// <summary>Takes the buyer's address from X-Forwarded-For when a trusted proxy sends it.</summary>
internal static class TrustedProxies
{
    private const string Path = "RateLimits:" + nameof(RateLimitOptions.TrustedProxies);

    /// <summary>Without configured proxies nothing is added, and the header, which any client can send, is ignored.</summary>
    /// <exception cref="InvalidSettingException">An entry is not an IP address.</exception>
    public static void UseTrustedProxies(this WebApplication app)
    {
        var proxies = app.Configuration.GetSection(Path).GetChildren().Select(Parse).ToList();
        if (proxies.Count == 0)
        {
            return;
        }

        // Each hop must be a trusted proxy, so the length of the chain needs no limit.
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        proxies.ForEach(options.KnownProxies.Add);
        app.UseForwardedHeaders(options);
    }

    // IPAddress.Parse reads "1" as 0.0.0.1, which is never meant.
    private static IPAddress Parse(IConfigurationSection entry) =>
        IPAddress.TryParse(entry.Value, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == entry.Value)
            ? address
            : throw new InvalidSettingException(entry.Path, $"is '{entry.Value}', and must be an IP address");
}
