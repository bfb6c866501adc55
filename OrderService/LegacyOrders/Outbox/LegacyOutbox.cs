using Dapper;
using Npgsql;

namespace Seckill.OrderService.LegacyOrders.Outbox;

/// <summary>Changes that wait to be written.</summary>
/// <param name="Pending">How many; each change of an order counts.</param>
/// <param name="LagSeconds">Age of the oldest. The amount: a change from before the clock was set back is late, and not new.</param>
internal sealed record LegacyBacklog(long Pending, double LagSeconds);

/// <summary>The legacy outbox as a whole. It may hold millions of changes.</summary>
internal static class LegacyOutbox
{
    /// <summary>How many changes wait, and for how long.</summary>
    public static async Task<LegacyBacklog> ReadBacklogAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<LegacyBacklog>(new CommandDefinition(
            """
            select coalesce(sum(orders), 0)::bigint as Pending,
              coalesce(
                greatest(extract(epoch from now() - min(created_at)), extract(epoch from max(created_at) - now())), 0)::float8 as LagSeconds
            from legacy_outbox
            """,
            cancellationToken: cancellationToken));
    }

    /// <summary>
    /// Deletes the waiting changes once the legacy database is retired, also those that a statement from before the switch adds after
    /// it.
    /// </summary>
    public static async Task DropRetiredAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        int dropped;
        do
        {
            dropped = await connection.ExecuteAsync(new CommandDefinition(
                """
                delete from legacy_outbox
                where (lane, id) in (select lane, id from legacy_outbox limit 10000 for update skip locked)
                  and (select mode from dual_write_control) = 'retired'
                """,
                cancellationToken: cancellationToken));
        }
        while (dropped > 0);
    }
}
