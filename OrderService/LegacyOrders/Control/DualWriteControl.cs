using Dapper;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.Shared.Telemetry;

namespace Seckill.OrderService.LegacyOrders.Control;

/// <summary>
/// The control row, read some times a second by each process; also tells the others what this process's breaker says. The statements
/// that change orders read the row themselves, so what they write is never a moment behind.
/// </summary>
internal sealed partial class DualWriteControl(
    NpgsqlDataSource database, LegacyDatabase legacy, LegacyBreaker breaker, TimeProvider clock, ILogger<DualWriteControl> logger)
    : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(400);
    private readonly string _process = $"{ProcessName.Unique}-{Guid.NewGuid():N}";
    private volatile DualWriteSettings _current = DualWriteSettings.Off;

    /// <summary>At most a second old, while PostgreSQL answers.</summary>
    public DualWriteSettings Current => _current;

    /// <summary>Reads the row now.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (!legacy.IsConfigured)
        {
            return;
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var state = breaker.State switch { BreakerState.Open => "open", BreakerState.HalfOpen => "half-open", _ => "closed" };
        await using var row = await connection.ExecuteReaderAsync(new CommandDefinition(
            """
            insert into legacy_breakers (process, state) values (@process, @state)
            on conflict (process) do update set state = excluded.state, seen_at = now();
            delete from legacy_breakers where seen_at < now() - interval '1 minute';
            select mode as Mode, read_from_new_percent as ReadFromNewPercent, users_reading_new as UsersReadingNew,
              users_reading_legacy as UsersReadingLegacy,
              exists (
                select from legacy_breakers
                where state <> 'closed' and process <> @process and seen_at > now() - interval '5 seconds') as OtherBreakerIsOpen
            from dual_write_control
            """,
            new { process = _process, state },
            cancellationToken: cancellationToken));
        await row.ReadAsync(cancellationToken);
        // Read by hand: Dapper does not match arrays to the constructor of a record.
        _current = new DualWriteSettings(
            row.GetString(0), row.GetInt32(1), row.GetFieldValue<long[]>(2), row.GetFieldValue<long[]>(3), row.GetBoolean(4));
        LegacyMetrics.Use(_current.Writes);
    }

    /// <summary>Sets the row for all processes.</summary>
    public async Task SetAsync(DualWriteChange change, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update dual_write_control
            set mode = coalesce(@Mode, mode), read_from_new_percent = coalesce(@ReadFromNewPercent, read_from_new_percent),
              changed_at = now(),
              users_reading_new = coalesce(@UsersReadingNew, users_reading_new),
              users_reading_legacy = coalesce(@UsersReadingLegacy, users_reading_legacy)
            """,
            change,
            cancellationToken: cancellationToken));
        await RefreshAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!legacy.IsConfigured)
        {
            LogNotConfigured();
            return;
        }

        using var timer = new PeriodicTimer(s_interval, clock);
        try
        {
            do
            {
                try
                {
                    await RefreshAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
                {
                    // The last known settings stay; nothing can be written without PostgreSQL anyway.
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The process stops.
        }
    }

    [LoggerMessage(600, LogLevel.Information,
        "ConnectionStrings:Legacy is not set: this process neither writes nor reads the legacy database.")]
    private partial void LogNotConfigured();
}
