using StackExchange.Redis;

namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Audits items order by order, each when it is due. A few of these run side by side, so that a large item delays no other. It reports
/// findings and changes nothing, with two exceptions: it stops an item of which Redis lost holds or returns, and puts an item to rest of
/// which nothing can change.
/// </summary>
internal sealed partial class FullAuditor(
    ItemAuditor auditor, AuditSchedule schedule, AuditResults results, LossWatch losses, ItemRest rest, IOptions<AuditorOptions> options,
    TimeProvider clock, ILogger<FullAuditor> logger) : PeriodicService(clock)
{
    /// <summary>Number of items that are audited side by side.</summary>
    public const int AtOnce = 4;

    private const int RestPerAudit = 3;
    private const int FindingsInLog = 3;
    private readonly TimeSpan _longestRest = TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(100);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        while (schedule.TakeDue() is { } item)
        {
            var startedAt = Clock.GetTimestamp();
            bool? isBroken = null;
            try
            {
                isBroken = await AuditAsync(item, stoppingToken);
            }
            finally
            {
                schedule.Return(item.Key, Clock.GetElapsedTime(startedAt), isBroken);
            }

            // Leaves the stores most of the time, also when every item is due.
            var rest = RestPerAudit * Clock.GetElapsedTime(startedAt);
            await Task.Delay(rest < _longestRest ? rest : _longestRest, Clock, stoppingToken);
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed("the item that is due", exception.Message);

    /// <returns>True when the item has findings; null when it cannot be audited.</returns>
    private async Task<bool?> AuditAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        try
        {
            var still = await rest.FindStillAsync(item);
            var audit = await auditor.AuditAsync(item, cancellationToken);
            results.EnterOrders(audit);
            if (still is not null && audit is { IsConclusive: true, Findings.Count: 0 })
            {
                await rest.TryRestAsync(item, still, cancellationToken);
            }

            if (audit.HasLostWrites)
            {
                await losses.DeclareLostAsync(
                    item.Key,
                    async current => await auditor.AuditAsync(current, cancellationToken) is { HasLostWrites: true, Findings: var lost }
                        ? string.Join("; ", lost.Take(FindingsInLog).Select(finding => finding.Text)) : null,
                    cancellationToken);
            }

            return audit.Findings.Count > 0;
        }
#pragma warning disable CA1031 // A value of unknown origin in Redis, a sale that was deleted: the audit of the other items continues.
        catch (Exception exception) when (
            exception is not (OperationCanceledException or NpgsqlException or RedisConnectionException or TimeoutException))
#pragma warning restore CA1031
        {
            LogFailed(item.Key.ToString(), exception.Message);
            return null;
        }
    }

    [LoggerMessage(442, LogLevel.Warning, "The full audit of {Item} failed; retrying: {Reason}")]
    private partial void LogFailed(string item, string reason);
}
