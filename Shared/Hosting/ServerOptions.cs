using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Hosting;

/// <summary>Settings under <c>Server</c>.</summary>
public sealed class ServerOptions
{
    /// <summary>
    /// How long an idle connection stays open, seconds. Longer than the idle timeout of the load balancer in front: otherwise this process
    /// closes a connection at the moment at which the balancer sends a request on it, and the buyer gets a 502.
    /// </summary>
    [Range(1, 86_400)] public int KeepAliveSeconds { get; set; } = 130;

    internal static void AddTo(IServiceCollection services)
    {
        services.AddValidatedOptions<ServerOptions>("Server");
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ServerOptions>>((kestrel, server) =>
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(server.Value.KeepAliveSeconds));
    }
}
