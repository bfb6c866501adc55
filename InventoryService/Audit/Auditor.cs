using Microsoft.Extensions.Options;
using Seckill.Shared.Hosting;

namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Audits the totals of all items, round after round, and schedules their full audits. It reports findings and changes nothing.
/// </summary>
internal sealed partial class Auditor(
    AuditRows rows, TotalsAuditor totals, AuditResults results, AuditSchedule schedule, IOptions<AuditorOptions> options,
    TimeProvider clock, ILogger<Auditor> logger) : PeriodicService(clock)
{
    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        var items = await rows.ItemsAsync(null, stoppingToken);
        var looks = await totals.LookAsync(null, stoppingToken);
        results.EnterRound(looks);
        schedule.Update(items, looks);
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(443, LogLevel.Warning, "The audit of all items failed; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
