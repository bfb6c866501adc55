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
/// <param name="BreakerCause">Why the first of them opened; null while all are closed.</param>
/// <param name="BreakerSince">When it opened.</param>
/// <param name="DiffersSince">When the oldest open discrepancy was found.</param>
/// <param name="Older">
/// Orders among the missing that are from before the dual write was switched on, while no backfill has written them.
/// </param>
/// <param name="IsBackfillDue">True when none has begun since.</param>
public sealed record DualWriteState(
    string Mode, int ReadFromNewPercent, long Pending, double LagSeconds, long Verified, long Mismatched, long Missing, string Breaker,
    string? BreakerCause, DateTimeOffset? BreakerSince, DateTimeOffset? DiffersSince, long Older, bool IsBackfillDue)
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
          coalesce(open.state, 'closed') as breaker, open.cause as breaker_cause, open.since as breaker_since,
          (select min(found_at) from legacy_discrepancies where resolved_at is null) as differs_since,
          case
            when c.switched_on_at is not null and (
              b.started_at is null or b.started_at < c.switched_on_at or b.finished_at is null
              -- Its last orders are still on their way.
              or b.finished_at >= (select min(created_at) from legacy_outbox))
            then (
              select count(*) from legacy_discrepancies d join orders o using (order_id)
              where d.resolved_at is null and d.class = 'missing' and d.theirs is null and o.placed_at < c.switched_on_at)
            else 0
          end as older,
          coalesce(b.started_at < c.switched_on_at, b.started_at is null) as is_backfill_due
        -- Each has one row; without the limit the planner expects hundreds of them, and a million rows in all.
        from (select * from dual_write_control limit 1) c, (select * from legacy_verified limit 1) v,
          (select * from legacy_backfill limit 1) b, (
          select max(state collate "C") as state, (array_agg(cause order by opened_at))[1] as cause, min(opened_at) as since
          from legacy_breakers
          where state <> 'closed' and seen_at between now() - interval '5 seconds' and now() + interval '5 seconds') open
        """;

    /// <summary>Reads it now.</summary>
    public static Task<DualWriteState> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        database.SingleAsync<DualWriteState>(Statement, null, cancellationToken);
}
