using StackExchange.Redis;

namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Audits every item, round after round. A round takes at most a quarter of the time, or half of it where a finding would otherwise
/// be reported too late. It reports findings and changes nothing, with one exception: it stops an item that sells units a second time
/// because Redis lost holds.
/// </summary>
internal sealed partial class Auditor(
    AuditRows rows, ItemAuditor auditor, AuditResults results, LossWatch losses, IOptions<AuditorOptions> options, TimeProvider clock,
    ILogger<Auditor> logger) : PeriodicService(clock)
{
    private const int PausePerRound = 3;

    // An item that breaks just after its audit waits for the rest of the round, the pause, and the next round.
    private static readonly TimeSpan s_alarmWithin = TimeSpan.FromSeconds(9);

    /// <summary>Pause after a round.</summary>
    /// <param name="round">Duration of the round.</param>
    /// <param name="minimum">Shortest pause.</param>
    internal static TimeSpan PauseAfter(TimeSpan round, TimeSpan minimum)
    {
        var inTime = s_alarmWithin - 2 * round;
        var fair = PausePerRound * round;
        var pause = fair < inTime ? fair : inTime;
        return new[] { minimum, round, pause }.Max();
    }

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);
    protected override TimeSpan PauseAfter(TimeSpan round) => PauseAfter(round, Interval);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        foreach (var item in await rows.ItemsAsync(null, stoppingToken))
        {
            await AuditAsync(item, stoppingToken);
        }

        results.EndRound();
    }

    protected override void OnOutage(Exception exception) => LogFailed("all items", exception.Message);

    private async Task AuditAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        try
        {
            var audit = await auditor.AuditAsync(item, cancellationToken);
            if (results.Enter(audit))
            {
                Report(audit);
            }

            if (audit.SellsTooMuch)
            {
                await losses.DeclareLostAsync(
                    item.Key, async current => (await auditor.AuditAsync(current, cancellationToken)).SellsTooMuch, cancellationToken);
            }
        }
#pragma warning disable CA1031 // A value of unknown origin in Redis, a sale that was deleted: the audit of the other items continues.
        catch (Exception exception) when (
            exception is not (OperationCanceledException or NpgsqlException or RedisConnectionException or TimeoutException))
#pragma warning restore CA1031
        {
            LogFailed(item.Key.ToString(), exception.Message);
        }
    }

    private void Report(ItemAudit audit)
    {
        if (audit.Findings.Count == 0)
        {
            LogBalanced(audit.Item.ToString());
        }
        else
        {
            var examples = string.Join("; ", audit.Findings.Take(3).Select(finding => finding.Text));
            LogUnbalanced(audit.Item.ToString(), audit.Findings.Count, examples);
        }
    }

    [LoggerMessage(440, LogLevel.Error, "The audit of {Item} finds broken equations, {Findings} findings: {Examples}")]
    private partial void LogUnbalanced(string item, int findings, string examples);
    [LoggerMessage(441, LogLevel.Information, "The audit of {Item} finds no broken equation any more.")]
    private partial void LogBalanced(string item);
    [LoggerMessage(442, LogLevel.Warning, "The audit of {Item} failed; retrying: {Reason}")]
    private partial void LogFailed(string item, string reason);
}
