using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Seckill.Shared.Connections;

/// <summary>The check <c>replicas</c>: whether as many are connected as must have an order before its 202.</summary>
internal sealed class ReplicaCheck(IConnectionMultiplexer redis, IOptions<RedisOptions> options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var primary = redis.GetServers().First(server => server is { IsConnected: true, IsReplica: false });
            var replication = await primary.InfoAsync("replication").WaitAsync(StoreHealth.Timeout, cancellationToken);
            var connected = int.Parse(
                replication.SelectMany(part => part).First(entry => entry.Key == "connected_slaves").Value, CultureInfo.InvariantCulture);
            var data = new Dictionary<string, object> { ["needed"] = options.Value.Replicas, ["connected"] = connected };
            return connected >= options.Value.Replicas
                ? HealthCheckResult.Healthy(data: data)
                : new HealthCheckResult(context.Registration.FailureStatus, "too few replicas; new orders get 503", data: data);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or InvalidOperationException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "no answer; new orders get 503");
        }
    }
}
