using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Outbox;

/// <summary>
/// Puts every order into the legacy outbox, page by page, because orders were placed or changed while the dual write was off. Like any
/// change it goes through the outbox, so it overtakes nothing; and it waits while the outbox is long.
/// </summary>
internal sealed partial class Backfill(
    NpgsqlDataSource database, DualWriteControl control, TimeProvider clock, ILogger<Backfill> logger) : PeriodicService(clock)
{
    private const int Page = 2_000;
    private const int MaximumWaiting = 20_000;
    private bool _hasMore;

    /// <summary>Starts a backfill, unless one is running.</summary>
    public static Task StartAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            """
            update legacy_backfill
            set order_cursor = '', done = 0, total = (select count(*) from orders), started_at = now(), finished_at = null,
              writers = array(
                select virtualtransaction from pg_locks where relation = 'orders'::regclass and mode = 'RowExclusiveLock')
            where started_at is null or finished_at is not null
            """,
            null, cancellationToken);

    /// <summary>The progress of the backfill.</summary>
    public static Task<BackfillView> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        database.SingleAsync<BackfillView>(
            """
            select case when started_at is null then 'idle' when finished_at is null then 'running' else 'finished' end as state,
              done, total, started_at, finished_at
            from legacy_backfill
            """,
            null, cancellationToken);

    /// <summary>Takes the next page; false when there is nothing to do now.</summary>
    public async Task<bool> StepAsync(CancellationToken cancellationToken) =>
        await database.QueryAsync<int>(
            """
            with state as (
              select order_cursor from legacy_backfill
              where started_at is not null and finished_at is null
                -- A statement that began before the mode was switched may still place orders without an entry in the outbox. A writer
                -- of orders holds this lock from before its snapshot, so once those writers are gone every order is visible.
                and not exists (
                  select from pg_locks
                  where relation = 'orders'::regclass and mode = 'RowExclusiveLock' and virtualtransaction = any(writers))
                and (select coalesce(sum(orders), 0) from (select orders from legacy_outbox limit @MaximumWaiting) w) < @MaximumWaiting
              for update skip locked
            ), page as (
              select order_id from orders where order_id > (select order_cursor from state) order by order_id limit @Page
            ), queued as materialized (
              select enqueue_for_legacy(array(select order_id from page)) as is_on
            )
            update legacy_backfill
            set order_cursor = coalesce((select max(order_id) from page), legacy_backfill.order_cursor),
              done = done + (select count(*) from page),
              finished_at = case when (select count(*) from page) < @Page then now() end
            from state, queued
            -- While the dual write is off, nothing is enqueued, and the cursor stays.
            where is_on
            returning (select count(*)::int from page)
            """,
            new { Page, MaximumWaiting }, cancellationToken) is [Page];

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(200);
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        _hasMore = false;
        _hasMore = control.Current.Writes && await StepAsync(stoppingToken);
    }

    protected override TimeSpan PauseAfter(TimeSpan round) => _hasMore ? TimeSpan.Zero : Interval;
    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(603, LogLevel.Warning, "Backfill step failed; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}

/// <summary>How far a backfill is.</summary>
[JsonConverter(typeof(EnumText<BackfillState>))]
public enum BackfillState
{
    /// <summary>It never started.</summary>
    Idle,
    /// <summary>Orders are missing in the outbox.</summary>
    Running,
    /// <summary>All orders are in the outbox, or already written.</summary>
    Finished,
}

/// <summary>The progress of the backfill.</summary>
/// <param name="State">How far it is.</param>
/// <param name="Done">Orders put into the outbox.</param>
/// <param name="Total">Orders at its start.</param>
/// <param name="StartedAt">UTC.</param>
/// <param name="FinishedAt">UTC.</param>
public sealed record BackfillView(
    BackfillState State, long Done, long Total, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt);
