using Dapper;
using Npgsql;

namespace Seckill.OrderService.LegacyOrders.Outbox;

/// <summary>What can be said of the legacy outbox, and done with it, as a whole. It may hold millions of changes.</summary>
internal static class LegacyOutbox
{
    /// <summary>How many changes wait, and since when the oldest does, seconds.</summary>
    public static async Task<(long Pending, double LagSeconds)> WaitingAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<(long, double)>(new CommandDefinition(
            """
            select coalesce(sum(orders), 0)::bigint, coalesce(extract(epoch from now() - min(created_at)), 0)::float8
            from legacy_outbox
            """,
            cancellationToken: cancellationToken));
    }

    /// <summary>
    /// Drops what waits once the legacy database is retired, for nobody will write it. Also what a statement that began before
    /// the switch added after it.
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
