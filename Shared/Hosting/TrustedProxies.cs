using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.HttpOverrides;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Hosting;

/// <summary>Takes the address of the caller from X-Forwarded-For when a trusted proxy sends it.</summary>
public static class TrustedProxies
{
    private const string Path = "RateLimits:TrustedProxies";

    /// <summary>Without configured proxies nothing is added, and the header, which any client can send, is ignored.</summary>
    /// <exception cref="InvalidSettingException">An entry is neither an IP address nor a network.</exception>
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
        proxies.ForEach(options.KnownIPNetworks.Add);
        app.UseForwardedHeaders(options);
    }

    // An address is a network of one. IPAddress.Parse reads "1" as 0.0.0.1, which is never meant.
    private static System.Net.IPNetwork Parse(IConfigurationSection entry)
    {
        var (text, address) = (entry.Value ?? "", entry.Value?.Split('/')[0]);
        var isAddress = IPAddress.TryParse(address, out var one)
            && (one.AddressFamily == AddressFamily.InterNetworkV6 || one.ToString() == address);
        var bits = one?.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;
        return isAddress && System.Net.IPNetwork.TryParse(text.Contains('/') ? text : $"{text}/{bits}", out var network)
            ? network
            : throw new InvalidSettingException(
                entry.Path, $"is '{text}', and must be an IP address or a network such as 10.0.0.0/8");
    }
}
