using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Control;

/// <summary>Whether the legacy database is usable. It only ever degrades a process: no sale depends on it.</summary>
internal sealed class LegacyHealth(LegacyDatabase legacy, DualWriteControl control, LegacyBreaker breaker) : IHealthCheck
{
    private const string Consequence = "; changes wait in the legacy outbox";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var data = new Dictionary<string, object> { ["mode"] = EnumText<DualWriteMode>.Of(control.Current.Mode) };
        if (!legacy.IsConfigured || !control.Current.Writes)
        {
            return HealthCheckResult.Healthy("not in use", data);
        }

        if (breaker.Cause is { } cause)
        {
            return HealthCheckResult.Degraded("the breaker is open: " + cause + Consequence, null, data);
        }

        try
        {
            await legacy.AskAsync(connection => connection.ExecuteScalarAsync<int>("select 1"), CancellationToken.None)
                .WaitAsync(StoreHealth.Timeout, cancellationToken);
            return HealthCheckResult.Healthy(data: data);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            return HealthCheckResult.Degraded(LegacyFailure.Describe(exception) + Consequence, null, data);
        }
    }
}
