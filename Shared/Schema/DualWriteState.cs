namespace Seckill.Shared.Schema;

/// <summary>The state of the dual write, as the ops interface and the dashboard show it.</summary>
/// <param name="Mode"><c>off</c>, <c>shadow</c>, <c>dual</c> or <c>retired</c>.</param>
/// <param name="ReadFromNewPercent">Share of users who read the new row in mode dual, percent.</param>
/// <param name="Pending">Changes that wait to be written; each change of an order counts.</param>
/// <param name="LagSeconds">
/// Age of the oldest waiting change. The amount: one from before the clock was set back is late, and not new.
/// </param>
/// <param name="Verified">Orders read back after writing and found equal; each write of an order counts.</param>
/// <param name="Mismatched">Orders with an open discrepancy other than a missing row.</param>
/// <param name="Missing">Orders without a legacy row.</param>
/// <param name="Breaker">The worst state of the breakers of all processes: <c>closed</c>, <c>half-open</c> or <c>open</c>.</param>
public sealed record DualWriteState(
    string Mode, int ReadFromNewPercent, long Pending, double LagSeconds, long Verified, long Mismatched, long Missing, string Breaker)
{
    /// <summary>The statement that reads it.</summary>
    public const string Statement =
        """
        select c.mode, c.read_from_new_percent,
          (select coalesce(sum(orders), 0)::bigint from legacy_outbox) as pending,
          (select coalesce(greatest(extract(epoch from now() - min(created_at)), extract(epoch from max(created_at) - now())), 0)::float8
           from legacy_outbox) as lag_seconds,
          v.orders as verified,
          (select count(distinct order_id) from legacy_discrepancies where resolved_at is null and class <> 'missing') as mismatched,
          (select count(*) from legacy_discrepancies where resolved_at is null and class = 'missing') as missing,
          coalesce((
            select max(state collate "C") from legacy_breakers
            where state <> 'closed' and seen_at between now() - interval '5 seconds' and now() + interval '5 seconds'
          ), 'closed') as breaker
        from dual_write_control c, legacy_verified v
        """;

    /// <summary>Reads it now.</summary>
    public static Task<DualWriteState> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        database.SingleAsync<DualWriteState>(Statement, null, cancellationToken);
}
