using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Hosting;

/// <summary>Settings under <c>Server</c>.</summary>
public sealed class ServerOptions
{
    private static readonly TimeSpan s_bodyGrace = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long an idle connection stays open, seconds. Longer than the idle timeout of the load balancer in front: otherwise this process
    /// closes a connection at the moment at which the balancer sends a request on it, and the buyer gets a 502.
    /// </summary>
    [Range(1, 86_400)] public int KeepAliveSeconds { get; set; } = 130;

    /// <summary>Open connections of each listener; more are closed at once. 0 is no limit. An idle one costs about 20 kB.</summary>
    [Range(0, 10_000_000)] public int MostConnections { get; set; } = 50_000;

    /// <summary>All headers of a request together, bytes; more get 431. It bounds the length of a buyer's token.</summary>
    [Range(4_096, 1_048_576)] public int MaximumHeaderBytes { get; set; } = 32_768;

    /// <summary>How long the headers of a request may take to arrive, seconds; then the connection is closed.</summary>
    [Range(1, 300)] public int HeadersTimeoutSeconds { get; set; } = 15;

    /// <summary>
    /// Bytes a second that a body must bring after its first five seconds, or the request gets 408. 0 lets a client hold a connection
    /// as long as it likes.
    /// </summary>
    [Range(0, 1_000_000)] public int BodyBytesPerSecond { get; set; } = 240;

    /// <summary>Requests at once on one HTTP/2 connection.</summary>
    [Range(1, 10_000)] public int MostStreamsOfConnection { get; set; } = 100;

    internal static void AddTo(IServiceCollection services)
    {
        services.AddValidatedOptions<ServerOptions>("Server");
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ServerOptions>>((kestrel, server) =>
        {
            var (limits, own) = (kestrel.Limits, server.Value);
            limits.KeepAliveTimeout = TimeSpan.FromSeconds(own.KeepAliveSeconds);
            limits.MaxConcurrentConnections = own.MostConnections == 0 ? null : own.MostConnections;
            limits.MaxRequestHeadersTotalSize = own.MaximumHeaderBytes;
            limits.RequestHeadersTimeout = TimeSpan.FromSeconds(own.HeadersTimeoutSeconds);
            limits.MinRequestBodyDataRate = own.BodyBytesPerSecond == 0 ? null : new(own.BodyBytesPerSecond, s_bodyGrace);
            limits.Http2.MaxStreamsPerConnection = own.MostStreamsOfConnection;
        });
    }
}
