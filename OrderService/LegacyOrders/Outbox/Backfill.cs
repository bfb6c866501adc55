using Dapper;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Control;

namespace Seckill.OrderService.LegacyOrders.Outbox;

/// <summary>
/// Puts every order into the legacy outbox, page by page, because orders were placed or changed while the dual write was off. Like any
/// change it goes through the outbox, so it overtakes nothing; and it waits while the outbox is long.
/// </summary>
internal sealed partial class Backfill(NpgsqlDataSource database, DualWriteControl control, ILogger<Backfill> logger) : BackgroundService
{
    private const int Page = 2_000;
    private const int MaximumWaiting = 20_000;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Starts a backfill, unless one is running.</summary>
    public static async Task StartAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update legacy_backfill
            set order_cursor = '', done = 0, total = (select count(*) from orders), started_at = now(), finished_at = null
            where started_at is null or finished_at is not null
            """,
            cancellationToken: cancellationToken));
    }

    /// <summary>The progress of the backfill.</summary>
    public static async Task<BackfillView> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleAsync<Row>(new CommandDefinition(
            "select total as Total, done as Done, started_at as StartedAt, finished_at as FinishedAt from legacy_backfill",
            cancellationToken: cancellationToken));
        var state = row switch
        {
            { StartedAt: null } => BackfillState.Idle,
            { FinishedAt: null } => BackfillState.Running,
            _ => BackfillState.Finished,
        };
        return new BackfillView(state, row.Done, row.Total, row.StartedAt, row.FinishedAt);
    }

    /// <summary>Takes the next page; false when there is nothing to do now.</summary>
    public async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var taken = await connection.ExecuteScalarAsync<int?>(new CommandDefinition(
            """
            with state as (
              select order_cursor from legacy_backfill
              where started_at is not null and finished_at is null
                -- A statement that began before the mode was switched may still place orders without an entry in the outbox. A writer
                -- of orders holds this lock from before its snapshot, so once those writers are gone every order is visible.
                and not exists (
                  select from pg_locks l join pg_stat_activity a on a.pid = l.pid
                  where l.relation = 'orders'::regclass and l.mode = 'RowExclusiveLock' and a.xact_start < started_at)
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
            new { Page, MaximumWaiting },
            cancellationToken: cancellationToken));
        return taken == Page;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var more = false;
            try
            {
                more = control.Current.Writes && await StepAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                LogFailed(exception.Message);
            }

            await Task.Delay(more ? TimeSpan.Zero : s_pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(603, LogLevel.Warning, "Backfill step failed; retrying: {Reason}")]
    private partial void LogFailed(string reason);

    private sealed record Row(long Total, long Done, DateTime? StartedAt, DateTime? FinishedAt);
}

/// <summary>The progress of the backfill.</summary>
/// <param name="State">How far it is.</param>
/// <param name="Done">Orders put into the outbox.</param>
/// <param name="Total">Orders at its start.</param>
/// <param name="StartedAt">UTC.</param>
/// <param name="FinishedAt">UTC.</param>
public sealed record BackfillView(
    BackfillState State, long Done, long Total, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt);
