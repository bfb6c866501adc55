namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Audits the totals of all items, round after round, and schedules their full audits. Quiet items are in a round now and then,
/// those at rest in none. It reports findings and changes nothing.
/// </summary>
internal sealed partial class Auditor(
    AuditRows rows, TotalsAuditor totals, AuditResults results, AuditSchedule schedule, IOptions<AuditorOptions> options,
    TimeProvider clock, ILogger<Auditor> logger) : PeriodicService(clock)
{
    // Shorter than the age at which the alert fires.
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(20);
    private long? _allLookedAt;

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        var items = await rows.ItemsAsync(null, stoppingToken);
        var startedAt = Clock.GetTimestamp();
        var withQuietItems = _allLookedAt is not { } last || Clock.GetElapsedTime(last) >= s_rest;
        var looks = await totals.LookAsync(null, stoppingToken, withQuietItems);
        _allLookedAt = withQuietItems ? startedAt : _allLookedAt;
        results.EnterRound([.. items.Select(item => item.Key)], looks);
        schedule.Update(items, looks);
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(443, LogLevel.Warning, "The audit of all items failed; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
