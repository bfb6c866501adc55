using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Seckill.Shared.Connections;

/// <summary>The check <c>replicas</c>: whether each primary has as many as must have an order before its 202.</summary>
internal sealed class ReplicaCheck(IConnectionMultiplexer redis, IOptions<RedisOptions> options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var counts = await RedisPrimaries.AskAsync(redis, CountAsync).WaitAsync(StoreHealth.Timeout, cancellationToken);
            var fewest = counts.MinBy(count => count.Answer);
            var data = new Dictionary<string, object>
            {
                ["needed"] = options.Value.Replicas, ["connected"] = fewest.Answer, ["primary"] = fewest.Name,
            };
            return fewest.Answer >= options.Value.Replicas
                ? HealthCheckResult.Healthy(data: data)
                : new HealthCheckResult(
                    context.Registration.FailureStatus, $"too few replicas of {fewest.Name}; new orders get 503", data: data);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "no answer; new orders get 503");
        }
    }

    private static async Task<int> CountAsync(IServer primary) => int.Parse(
        (await primary.InfoAsync("replication")).SelectMany(part => part).First(entry => entry.Key == "connected_slaves").Value,
        CultureInfo.InvariantCulture);
}
