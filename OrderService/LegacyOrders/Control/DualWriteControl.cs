using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Control;

/// <summary>
/// The control row, which each process reads several times a second, and where it reports the state of its breaker to the others. The
/// statements that change orders read the row themselves, so what they write always follows the current mode. While PostgreSQL is down,
/// the last known settings stay; no change is written then anyway.
/// </summary>
internal sealed partial class DualWriteControl(
    NpgsqlDataSource database, LegacyDatabase legacy, LegacyBreaker breaker, TimeProvider clock, ILogger<DualWriteControl> logger)
    : PeriodicService(clock)
{
    private readonly string _process = $"{ProcessName.Unique}-{Guid.NewGuid():N}";
    private volatile DualWriteSettings _current = new();

    /// <summary>At most a second old, while PostgreSQL answers.</summary>
    public DualWriteSettings Current => _current;

    /// <summary>Reads the row now.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (!legacy.IsConfigured)
        {
            return;
        }

        _current = await database.SingleAsync<DualWriteSettings>(
            """
            insert into legacy_breakers (process, state, cause, opened_at)
            values (@process, @state, @cause, now() - @openSeconds::float8 * interval '1 second')
            on conflict (process) do update set state = excluded.state, seen_at = now(), cause = excluded.cause,
              opened_at = case when excluded.state <> 'closed' then coalesce(legacy_breakers.opened_at, excluded.opened_at) end;
            -- On both sides: the row of a process that died before the clock was set back says nothing.
            delete from legacy_breakers where seen_at not between now() - interval '1 minute' and now() + interval '1 minute';
            select mode, read_from_new_percent, users_reading_new, users_reading_legacy,
              exists (
                select from legacy_breakers
                where state <> 'closed' and process <> @process
                  and seen_at between now() - interval '5 seconds' and now() + interval '5 seconds') as other_breaker_is_open
            from dual_write_control
            """,
            new
            {
                process = _process, state = EnumText<BreakerState>.Of(breaker.State), cause = breaker.Cause,
                openSeconds = breaker.OpenFor?.TotalSeconds,
            },
            cancellationToken);
        LegacyMetrics.IsInUse = _current.Writes;
    }

    /// <summary>Sets the row for all processes.</summary>
    public async Task SetAsync(DualWriteChange change, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
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
            cancellationToken);
        await RefreshAsync(cancellationToken);
    }

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(400);
    protected override bool StartsAtOnce => true;

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (legacy.IsConfigured)
        {
            return base.ExecuteAsync(stoppingToken);
        }

        LogNotConfigured();
        return Task.CompletedTask;
    }

    protected override Task RunRoundAsync(CancellationToken stoppingToken) => RefreshAsync(stoppingToken);

    [LoggerMessage(600, LogLevel.Information,
        "ConnectionStrings:Legacy is not set: this process neither writes nor reads the legacy database.")]
    private partial void LogNotConfigured();
}
