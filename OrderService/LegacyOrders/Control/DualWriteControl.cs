using Dapper;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.Shared.Telemetry;

namespace Seckill.OrderService.LegacyOrders.Control;

/// <summary>
/// The control row, which each process reads several times a second, and where it reports the state of its breaker to the others. The
/// statements that change orders read the row themselves, so what they write always follows the current mode.
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
        var row = await connection.QuerySingleAsync<Row>(new CommandDefinition(
            """
            insert into legacy_breakers (process, state) values (@process, @state)
            on conflict (process) do update set state = excluded.state, seen_at = now();
            -- On both sides: the row of a process that died before the clock was set back says nothing.
            delete from legacy_breakers where seen_at not between now() - interval '1 minute' and now() + interval '1 minute';
            select mode as Mode, read_from_new_percent as ReadFromNewPercent, users_reading_new as UsersReadingNew,
              users_reading_legacy as UsersReadingLegacy,
              exists (
                select from legacy_breakers
                where state <> 'closed' and process <> @process
                  and seen_at between now() - interval '5 seconds' and now() + interval '5 seconds') as OtherBreakerIsOpen
            from dual_write_control
            """,
            new { process = _process, state = EnumText<BreakerState>.Of(breaker.State) },
            cancellationToken: cancellationToken));
        _current = new DualWriteSettings(
            EnumText<DualWriteMode>.Parse(row.Mode), row.ReadFromNewPercent, row.UsersReadingNew, row.UsersReadingLegacy,
            row.OtherBreakerIsOpen);
        LegacyMetrics.SetInUse(_current.Writes);
    }

    /// <summary>Sets the row for all processes.</summary>
    public async Task SetAsync(DualWriteChange change, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update dual_write_control
            set mode = coalesce(@mode, mode), read_from_new_percent = coalesce(@ReadFromNewPercent, read_from_new_percent),
              changed_at = now(),
              users_reading_new = coalesce(@UsersReadingNew, users_reading_new),
              users_reading_legacy = coalesce(@UsersReadingLegacy, users_reading_legacy)
            """,
            new
            {
                mode = change.Mode is { } mode ? EnumText<DualWriteMode>.Of(mode) : null,
                change.ReadFromNewPercent, change.UsersReadingNew, change.UsersReadingLegacy,
            },
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
                    // The last known settings stay; without PostgreSQL no change is written anyway.
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

    // Settable, because Dapper does not match arrays to the parameters of a constructor.
    private sealed record Row
    {
        public string Mode { get; init; } = "";

        public int ReadFromNewPercent { get; init; }

        public long[] UsersReadingNew { get; init; } = [];

        public long[] UsersReadingLegacy { get; init; } = [];

        public bool OtherBreakerIsOpen { get; init; }
    }
}
