using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Verification;

namespace Seckill.OrderService.LegacyOrders.Outbox;

/// <summary>
/// The legacy outbox as a whole, which may hold millions of changes: measures it, and empties it once the legacy database is retired.
/// While PostgreSQL is down, the gauges keep their last values.
/// </summary>
internal sealed class LegacyOutbox(NpgsqlDataSource database, DualWriteControl control, TimeProvider clock) : PeriodicService(clock)
{
    /// <summary>
    /// Deletes the waiting changes once the legacy database is retired, also those that a statement from before the switch adds after
    /// it.
    /// </summary>
    public static async Task DropRetiredAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        int dropped;
        do
        {
            dropped = await database.ExecuteAsync(
                """
                delete from legacy_outbox
                where (lane, id) in (select lane, id from legacy_outbox limit 10000 for update skip locked)
                  and (select mode from dual_write_control) = 'retired'
                """,
                null, cancellationToken);
        }
        while (dropped > 0);
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(2);
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        if (control.Current.Mode == DualWriteMode.Retired)
        {
            await DropRetiredAsync(database, stoppingToken);
        }

        var state = await DualWriteState.ReadAsync(database, stoppingToken);
        (LegacyMetrics.Pending, LegacyMetrics.LagSeconds) = (state.Pending, state.LagSeconds);
        LegacyMetrics.Open = await DiscrepancyStore.CountOpenAsync(database, stoppingToken);
    }
}
