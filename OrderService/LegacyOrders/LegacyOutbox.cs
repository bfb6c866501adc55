using Dapper;
using Npgsql;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>What can be said of the legacy outbox, and done with it, as a whole. It may hold millions of changes.</summary>
internal static class LegacyOutbox
{
    /// <summary>How many changes wait, and since when the oldest does, seconds.</summary>
    /// <remarks>Counted up to ten thousand; beyond that the range of their numbers, which is at most a little too much.</remarks>
    public static async Task<(long Pending, double LagSeconds)> WaitingAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<(long, double)>(new CommandDefinition(
            """
            select case when few.number < 10000 then few.number else greatest(few.number, newest.id - oldest.id + 1) end,
              coalesce(extract(epoch from now() - oldest.created_at), 0)::float8
            from (select count(*) as number from (select from legacy_outbox limit 10000) w) few
            left join (select id, created_at from legacy_outbox order by id limit 1) oldest on true
            left join (select id from legacy_outbox order by id desc limit 1) newest on true
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
                where id = any(array(select id from legacy_outbox order by id limit 10000 for update skip locked))
                  and (select mode from dual_write_control) = 'retired'
                """,
                cancellationToken: cancellationToken));
        }
        while (dropped > 0);
    }
}
