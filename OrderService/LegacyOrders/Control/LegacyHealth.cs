using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.Shared.Connections;

namespace Seckill.OrderService.LegacyOrders.Control;

/// <summary>Whether the legacy database answers. It only ever degrades a process: nothing of a sale depends on it.</summary>
internal sealed class LegacyHealth(LegacyDatabase legacy, DualWriteControl control, LegacyBreaker breaker) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var data = new Dictionary<string, object> { ["mode"] = control.Current.Mode };
        if (!legacy.IsConfigured || !control.Current.Writes)
        {
            return HealthCheckResult.Healthy("not in use", data);
        }

        if (breaker.State != BreakerState.Closed)
        {
            return HealthCheckResult.Degraded("the breaker is not closed; changes wait in the legacy outbox", null, data);
        }

        try
        {
            await legacy.AskAsync(connection => connection.ExecuteScalarAsync<int>("select 1"), CancellationToken.None)
                .WaitAsync(StoreHealth.Timeout, cancellationToken);
            return HealthCheckResult.Healthy(data: data);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            return HealthCheckResult.Degraded("no answer; changes wait in the legacy outbox", null, data);
        }
    }
}
