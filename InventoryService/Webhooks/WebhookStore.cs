namespace Seckill.InventoryService.Webhooks;

/// <summary>An endpoint as a delivery reads it.</summary>
/// <param name="Version">Counts replays.</param>
internal sealed record WebhookTarget(long Id, string Url, string Secret, long Position, int Version);

/// <summary>The endpoints in PostgreSQL. Throws <see cref="NpgsqlException"/> when it is down.</summary>
internal sealed class WebhookStore(NpgsqlDataSource database)
{
    private const string Columns =
        """
        w.id, url, case when dead_at is not null then 'dead' when failures > 0 then 'failing' else 'active' end as state, w.position,
        greatest(p.position - w.position, 0) as waiting, failures, failing_since,
        case when failures > 0 and dead_at is null then next_attempt_at end as next_attempt_at, error, dead_at, delivered_at, created_at
        """;

    private const string Position = "coalesce(@after, (select position from order_event_positions where name = 'last'))";

    /// <summary>Creates an endpoint.</summary>
    /// <param name="after">Null for the newest event.</param>
    public async Task<Webhook> AddAsync(string url, string secret, long? after, CancellationToken cancellationToken)
    {
        var id = await database.SingleAsync<long>(
            $"insert into webhooks (url, secret, position) values (@url, @secret, {Position}) returning id",
            new { url, secret, after }, cancellationToken);
        return (await FindAsync(id, cancellationToken))! with { Secret = secret };
    }

    /// <summary>An endpoint, or null.</summary>
    public async Task<Webhook?> FindAsync(long id, CancellationToken cancellationToken) =>
        (await database.QueryAsync<Webhook>(
            $"select {Columns} from webhooks w, order_event_positions p where p.name = 'last' and w.id = @id",
            new { id }, cancellationToken)).SingleOrDefault();

    /// <summary>Endpoints, the newest first.</summary>
    public async Task<IReadOnlyList<Webhook>> ListAsync(long? after, int limit, CancellationToken cancellationToken) =>
        await database.QueryAsync<Webhook>(
            $"""
            select {Columns} from webhooks w, order_event_positions p
            where p.name = 'last' and (@after::bigint is null or w.id < @after)
            order by w.id desc
            limit @limit
            """,
            new { after, limit }, cancellationToken);

    /// <summary>Deletes an endpoint. A delivery that is under way ends with its event.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> DeleteAsync(long id, CancellationToken cancellationToken) =>
        await database.ExecuteAsync("delete from webhooks where id = @id", new { id }, cancellationToken) == 1;

    /// <summary>Sets where an endpoint continues, and tries it at once, also a dead one.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> ReplayAsync(long id, long after, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            """
            update webhooks
            set position = @after, version = version + 1, failures = 0, failing_since = null, dead_at = null, error = null,
              next_attempt_at = now()
            where id = @id
            """,
            new { id, after }, cancellationToken) == 1;

    /// <summary>Endpoints for which there are events, and whose pause is over.</summary>
    public Task<List<long>> DueAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<long>(
            """
            select w.id from webhooks w, order_event_positions p
            where p.name = 'last' and w.position < p.position and dead_at is null and next_attempt_at <= now()
            order by next_attempt_at
            """,
            null, cancellationToken);

    /// <summary>An endpoint that is due.</summary>
    public async Task<WebhookTarget?> FindTargetAsync(long id, CancellationToken cancellationToken) =>
        (await database.QueryAsync<WebhookTarget>(
            """
            select id, url, secret, position, version from webhooks where id = @id and dead_at is null and next_attempt_at <= now()
            """,
            new { id }, cancellationToken)).SingleOrDefault();

    /// <summary>The endpoint has the events up to a position.</summary>
    /// <returns>False, and nothing has changed, after a replay or a deletion.</returns>
    public async Task<bool> MoveAsync(WebhookTarget target, long position, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            """
            update webhooks set position = @position, failures = 0, failing_since = null, error = null, delivered_at = now()
            where id = @Id and version = @Version
            """,
            new { target.Id, target.Version, position }, cancellationToken) == 1;

    /// <summary>An attempt failed: the pause before the next one, or the end.</summary>
    /// <param name="isGone">True when the endpoint says that it does not exist any more.</param>
    /// <returns>Failed attempts since the last success, and whether it is dead; null after a replay or a deletion.</returns>
    public async Task<(int Failures, bool IsDead)?> FailAsync(
        WebhookTarget target, string error, bool isGone, WebhookOptions options, CancellationToken cancellationToken) =>
        await database.QueryAsync<(int Failures, bool IsDead)>(
            """
            update webhooks
            set failures = failures + 1, failing_since = coalesce(failing_since, now()), error = @error,
              next_attempt_at = now() + make_interval(
                secs => least(@FirstPauseMilliseconds / 1000.0 * power(2, least(failures, 30)), @LongestPauseSeconds)),
              dead_at = case when @isGone or failing_since < now() - make_interval(hours => @DeadAfterHours) then now() end
            where id = @Id and version = @Version and dead_at is null
            returning failures, dead_at is not null
            """,
            new
            {
                target.Id, target.Version, error, isGone, options.FirstPauseMilliseconds, options.LongestPauseSeconds,
                options.DeadAfterHours,
            },
            cancellationToken) is [var failed] ? failed : null;
}
