namespace Seckill.InventoryService.OrderEvents;

/// <summary>
/// Gives numbers to the events that were committed since the last round, and deletes those whose retention is over. Any number of processes
/// may run it: one row of PostgreSQL admits one of them at a time, and the lock ends with its transaction.
/// </summary>
internal sealed partial class OrderEventSequencer(
    NpgsqlDataSource database, IOptions<OrderEventOptions> options, TimeProvider clock, ILogger<OrderEventSequencer> logger)
    : PeriodicService(clock)
{
    private const int RowsAtOnce = 1_000;
    private static readonly TimeSpan s_betweenDeletions = TimeSpan.FromMinutes(1);
    private bool _isMoreWaiting;
    private long? _deletedAt;

    /// <summary>Numbers what is committed now, at most a thousand rows.</summary>
    /// <returns>How many rows.</returns>
    public Task<int> NumberAsync(CancellationToken cancellationToken) =>
        database.SingleAsync<int>("select number_order_events(@RowsAtOnce)", new { RowsAtOnce }, cancellationToken);

    /// <summary>Deletes events whose retention is over; never one that the exchange waits for.</summary>
    /// <returns>How many rows.</returns>
    public Task<int> DeleteOldAsync(CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            """
            delete from order_events
            where last in (
                select last from order_events
                where not @Publish or last <= (select position from order_event_positions where name = 'exchange')
                order by last limit @RowsAtOnce)
              and at < now() - make_interval(days => @RetentionDays)
            """,
            new { options.Value.Publish, options.Value.RetentionDays, RowsAtOnce }, cancellationToken);

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(200);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        _isMoreWaiting = await NumberAsync(stoppingToken) == RowsAtOnce;
        if (!_isMoreWaiting && (_deletedAt is not { } before || Clock.GetElapsedTime(before) >= s_betweenDeletions))
        {
            while (await DeleteOldAsync(stoppingToken) == RowsAtOnce)
            {
                // More of them: the next thousand.
            }

            _deletedAt = Clock.GetTimestamp();
        }
    }

    protected override TimeSpan PauseAfter(TimeSpan round) => _isMoreWaiting ? TimeSpan.Zero : base.PauseAfter(round);
    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(520, LogLevel.Warning, "Could not number the events of orders; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
