namespace Seckill.OrderService.Overload;

/// <summary>
/// The settings in force: those of the process, and over them what operators have changed for all processes, which is read twice a second.
/// While PostgreSQL is down the last change stays.
/// </summary>
internal sealed partial class OverloadControl(
    NpgsqlDataSource database, IOptions<OverloadOptions> own, TimeProvider clock, ILogger<OverloadControl> logger) : PeriodicService(clock)
{
    private const string Columns =
        """
        enabled, target_queue_wait_milliseconds, target_cpu_wait_milliseconds, min_concurrency, max_concurrency,
        longest_retry_after_seconds
        """;

    private OverloadChange _change = new();
    private volatile OverloadOptions _current = own.Value;

    /// <summary>At most a second old, while PostgreSQL answers.</summary>
    public OverloadOptions Current => _current;

    /// <summary>What operators have changed.</summary>
    public static Task<OverloadChange> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        database.SingleAsync<OverloadChange>($"select {Columns} from overload_control", null, cancellationToken);

    /// <summary>Replaces what operators have changed before, for all processes.</summary>
    public async Task SetAsync(OverloadChange change, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
            $"""
            update overload_control
            set ({Columns}, changed_at) = (@Enabled, @TargetQueueWaitMilliseconds, @TargetCpuWaitMilliseconds, @MinConcurrency,
              @MaxConcurrency, @LongestRetryAfterSeconds, now())
            """,
            change, cancellationToken);
        await RunRoundAsync(cancellationToken);
    }

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(500);
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        var change = await ReadAsync(database, stoppingToken);
        if (change != _change)
        {
            (_change, _current) = (change, change.Over(own.Value));
            LogChanged(change);
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(232, LogLevel.Information, "Operators have changed the settings of the overload controller: {Change}")]
    private partial void LogChanged(OverloadChange change);

    [LoggerMessage(233, LogLevel.Warning, "The settings of the overload controller could not be read; the last ones stay in use: {Reason}")]
    private partial void LogFailed(string reason);
}
